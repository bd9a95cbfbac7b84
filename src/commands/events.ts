import { boolean, string } from '@oclif/core/flags';
import { sequenceFlag } from '../cli/events/since.ts';
import { BaseCommand } from '../cli/runtime/base-command.ts';
import { repeated, someOf } from '../cli/runtime/flags.ts';
import { STATUSES } from '../experiment/status.ts';
import { CHANGE_KINDS } from '../experiment/told/change.ts';

export default class Events extends BaseCommand {
  static override summary = 'Print every change of every experiment, one JSON object a line';
  static override description =
    'Without --follow what is kept (the last 100,000 changes), oldest first; with it also what comes, over lost connections and restarts of the control plane. Each line has a sequence: --since takes the last one that was seen, and goes on behind it. A sequence that is too old to go on from is an error (events_gone), never a gap.';
  static override examples = [
    'aichor events --follow --since now',
    'aichor events --follow --since 4711 --sweep first',
    "aichor events --status failed --kind ended | jq -r '.experiment_id'",
  ];
  static override flags = {
    follow: boolean({ char: 'f', default: false, description: 'Go on with what comes' }),
    since: string({
      description: 'Begin behind this sequence; now: with what comes from now on',
      helpValue: 'SEQ',
    }),
    status: someOf('--status', STATUSES, 'Only changes after which the status is this'),
    kind: someOf('--kind', CHANGE_KINDS, 'Only changes of this kind'),
    label: repeated('Only of experiments with this label', 'KEY[=VALUE]', 'l'),
    sweep: string({ description: 'Only of this sweep', helpValue: 'NAME' }),
  };

  async run(): Promise<undefined> {
    const { flags } = await this.parse(Events);
    const { follow, status, kind, sweep } = flags;
    const [{ followEvents }, { labelConditions }, { changeText }] = await Promise.all([
      import('../client/streams/follow-events.ts'),
      import('../cli/submit/environment.ts'),
      import('../cli/events/text.ts'),
    ]);
    const [label, since] = [labelConditions(flags.label), sequenceFlag(flags.since)];
    const query = { since, follow: String(follow), status, kind, label, sweep };
    const client = await this.client();
    const onLost = () => this.talk.notice('the connection was lost; making it again');
    for await (const change of followEvents({ client, query, signal: this.signal, onLost })) {
      if (this.humanWanted) await this.write(`${changeText(change, this.screen)}\n`);
      else if (this.format === 'id') await this.write(`${change.experiment_id}\n`);
      else await this.writeJson(`${JSON.stringify(change)}\n`);
    }
  }
}
