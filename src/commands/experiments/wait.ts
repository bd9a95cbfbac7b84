import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { ID_HELP } from '../../cli/runtime/flags.ts';
import { experimentsMeant } from '../../cli/experiments/references.ts';
import { durationFlag } from '../../cli/experiments/since.ts';
import { Verdict } from '../../cli/runtime/command.ts';
import { waitForEnd, worst } from '../../cli/experiments/wait.ts';
import type { Client } from '../../client/client.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';

interface Document {
  experiments: ExperimentSummary[];
}

export default class ExperimentsWait extends BaseCommand<Document> {
  static override summary = 'Wait until experiments have ended; the exit code tells the result';
  static override description =
    'Exit codes: 0 all succeeded, 8 one failed, 9 one was cancelled, 124 the time is up; several: the largest.';
  static override examples = [
    'aichor experiments wait latest',
    'aichor experiments wait 9b2f41 77ac01 --timeout 2h',
  ];
  static override strict = false;
  static override args = { id: stringArg({ description: ID_HELP, required: true, ignoreStdin: true }) };
  static override flags = {
    timeout: string({ description: 'Stop waiting after this long (90s, 2h)', helpValue: 'DURATION' }),
  };

  async run(): Promise<Document | Verdict<Document>> {
    const { argv, flags } = await this.parse(ExperimentsWait);
    const timeout = flags.timeout === undefined ? null : durationFlag(flags.timeout, '--timeout');
    const client = await this.client();
    const { found, errors } = await experimentsMeant(client, argv.map(String));
    const known = found.map(({ pods: _pods, events: _events, ...summary }) => summary);
    const ids = known.map((summary) => summary.experiment_id);
    this.keepsRunning(...ids);
    const waited =
      ids.length === 0 ? { experiments: [], error: null } : await this.#wait(client, known, timeout);
    const error = worst([...errors, ...(waited.error ? [waited.error] : [])]);
    const document = { experiments: waited.experiments };
    if (ids.length === 0 && error) throw error;
    return error ? new Verdict(document, error) : document;
  }

  #wait(client: Client, known: ExperimentSummary[], timeout: number | null) {
    return waitForEnd({
      client,
      ids: known.map((summary) => summary.experiment_id),
      known,
      timeout,
      signal: this.signal,
      onChange: ({ experiment_id: id, status, explanation }) =>
        this.talk.progress(`${id.slice(0, 8)} ${status}${explanation === null ? '' : `: ${explanation}`}`),
      onLost: () => this.talk.progress('the connection was lost; making it again'),
    });
  }
}
