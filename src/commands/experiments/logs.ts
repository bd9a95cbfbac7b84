import { string as stringArg } from '@oclif/core/args';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { ID_HELP } from '../../cli/runtime/flags.ts';
import { assertHasType, experimentChosen } from '../../cli/experiments/references.ts';
import { drawnLines, liveLinesOn } from '../../cli/print/experiments/live-lines.ts';
import { createLogLineView } from '../../cli/print/experiments/log-line.ts';
import { logFlags } from '../../cli/experiments/following/log-flags.ts';
import { sinceFlag } from '../../cli/experiments/since.ts';
import { logLinesOf, rawLogOf } from '../../client/streams/experiment-logs.ts';
import { isTerminal } from '../../experiment/status.ts';

export default class ExperimentsLogs extends BaseCommand {
  static override summary = 'Print what the steps and pods of an experiment printed';
  static override description =
    'One JSON object a line; on a terminal, lines behind the names of their pods. ' +
    'With --follow the exit code tells how the experiment ended: 0, 8 (failed) or 9 (cancelled).';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --follow',
    'git push && <%= config.bin %> <%= command.id %> --commit HEAD --follow',
    '<%= config.bin %> <%= command.id %> 9b2f31 --pod worker-0-0 --tail 100',
    '<%= config.bin %> <%= command.id %> --step build --since 5m',
    '<%= config.bin %> <%= command.id %> --grep error --tail 1000',
    '<%= config.bin %> <%= command.id %> 9b2f31 --pod worker-0-0 --raw > worker.log',
  ];
  static override args = {
    id: stringArg({ name: 'ID', description: `${ID_HELP} (the default)` }),
  };
  static override flags = logFlags;

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ExperimentsLogs);
    const { follow, pod, type, step, attempt, tail, grep, timestamps, label: labels, sweep, commit } = flags;
    const now = new Date();
    const since = flags.since === undefined ? undefined : sinceFlag(flags.since, now);
    const until = flags.until === undefined ? undefined : sinceFlag(flags.until, now, '--until');
    const client = await this.client();
    const isTeam = this.settings().server.value !== null;
    const ofCommit = commit === undefined ? null : { commit, follow, isTeam, signal: this.signal };
    const record = await experimentChosen(client, { ref: args.id, labels, sweep, ofCommit }, this.talk);
    assertHasType(record, type);
    const isLive = follow && !isTerminal(record.status);
    if (isLive) this.follows([record.experiment_id]);
    const draws = !flags.raw && this.humanWanted;
    const view = createLogLineView(this.screen, { pods: record.pods.map(({ pod }) => pod), timestamps });
    const bars = draws && follow ? liveLinesOn(process.stdout, process.env, view) : null;
    if (isLive && bars === null && record.explanation !== null)
      this.talk.notice(`${record.status}: ${record.explanation}`);
    const onReconnect = (): void => {
      if (bars) void this.write(bars.clear());
      this.talk.notice('the connection was lost; making it again');
    };
    const logs = { client, record, follow, signal: this.signal, onReconnect };
    const lines = flags.raw
      ? rawLogOf(logs, { pod, attempt })
      : logLinesOf(logs, { pod, type, step, attempt, since, until, tail, grep });
    const { withStatus } = await import('../../cli/experiments/following/followed-status.ts');
    const write = (text: string) => this.write(text);
    const followed = bars && isLive ? withStatus({ logs, live: bars, talk: this.talk, write }) : null;
    const live = followed?.live ?? bars;
    try {
      const chunks = draws ? drawnLines(lines, view, live) : lines;
      for await (const chunk of chunks)
        await (draws || flags.raw ? this.write(chunk) : this.writeJson(chunk));
    } finally {
      await followed?.stop();
      if (live) await this.write(live.clear());
    }
    if (follow) await (await import('../../cli/experiments/wait.ts')).throwVerdict(logs);
  }
}
