import { string as stringArg } from '@oclif/core/args';
import { boolean, integer, option, string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/base-command.ts';
import { assertInLogs } from '../../cli/log-scope.ts';
import { createLogLineView } from '../../cli/print/log-line.ts';
import { experimentMeant } from '../../cli/references.ts';
import { sinceFlag } from '../../cli/since.ts';
import type { Client } from '../../client/client.ts';
import { logLinesOf, rawLogOf } from '../../client/experiment-logs.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';
import { isTerminal, STEPS } from '../../experiment/status.ts';
import type { LogLine } from '../../logs/line.ts';

const RECONNECTING = 'the connection was lost; reconnecting…';

export default class ExperimentsLogs extends BaseCommand {
  static override summary = 'Print what the steps and pods of an experiment printed';
  static override description =
    'One JSON object a line; on a terminal, lines with the name of their pod. ' +
    'With --follow the exit code tells how the experiment ended: 0, 8 (failed), 9 (cancelled).';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --follow',
    '<%= config.bin %> <%= command.id %> 9b2f31 --pod worker-0-0 --tail 100',
    '<%= config.bin %> <%= command.id %> latest --step build --since 5m',
    '<%= config.bin %> <%= command.id %> 9b2f31 --pod worker-0-0 --raw > worker.log',
  ];
  static override args = {
    id: stringArg({
      name: 'ID',
      description: 'An id, the first 6 or more characters of one, or latest (the default)',
    }),
  };
  static override flags = {
    follow: boolean({ char: 'f', description: 'Go on until the experiment has ended' }),
    pod: string({ description: 'Only this pod', helpValue: 'NAME' }),
    type: string({ description: 'Only pods of this type of the manifest', helpValue: 'NAME' }),
    step: option({ options: STEPS, description: 'Only this step' })(),
    attempt: integer({ min: 1, description: 'Only this attempt', helpValue: 'N' }),
    since: string({ description: 'Only lines since then: 90s, 5m, 2h, or an ISO time', helpValue: 'TIME' }),
    tail: integer({ min: 0, description: 'Only the last N lines of each pod', helpValue: 'N' }),
    timestamps: boolean({ description: 'Show times on a terminal (JSON has them anyway)' }),
    raw: boolean({
      description: 'The exact bytes of one pod (needs --pod)',
      dependsOn: ['pod'],
      exclusive: ['type', 'step', 'since', 'tail', 'timestamps'],
    }),
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(ExperimentsLogs);
    const { follow, pod, type, step, attempt, tail } = flags;
    const since = flags.since === undefined ? undefined : sinceFlag(flags.since, new Date());
    const client = await this.client();
    const record = await experimentMeant(client, args.id, this.talk);
    assertInLogs(record, { pod, type });
    if (follow && !isTerminal(record.status)) this.keepsRunning(record.experiment_id);
    const logs = {
      client,
      record,
      follow,
      signal: this.signal,
      onReconnect: () => this.talk.notice(RECONNECTING),
    };
    if (flags.raw) await this.#copy(rawLogOf(logs, { pod, attempt }));
    else
      await this.#print(
        logLinesOf(logs, { pod, type, step, attempt, since, tail }),
        record,
        flags.timestamps,
      );
    if (follow) await this.#tellEnd(client, record.experiment_id);
  }

  async #print(
    chunks: AsyncIterable<Uint8Array>,
    record: ExperimentRecord,
    timestamps: boolean,
  ): Promise<void> {
    if (!this.humanWanted) return this.#copy(chunks);
    const draw = createLogLineView(this.screen, { pods: record.pods.map(({ pod }) => pod), timestamps });
    const { jsonLines } = await import('../../client/json-lines.ts');
    for await (const line of jsonLines<LogLine>(chunks)) await this.write(`${draw(line)}\n`);
  }

  async #copy(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) await this.write(chunk);
  }

  async #tellEnd(client: Client, id: string): Promise<void> {
    const { waitForEnd } = await import('../../cli/wait.ts');
    const onLost = (): void => this.talk.notice(RECONNECTING);
    const { error } = await waitForEnd({
      client,
      ids: [id],
      signal: this.signal,
      timeout: null,
      onChange: () => undefined,
      onLost,
    });
    if (error) throw error;
  }
}
