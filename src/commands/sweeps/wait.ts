import { string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { Verdict } from '../../cli/runtime/command.ts';
import { knownOf } from '../../cli/experiments/selection.ts';
import { secondsFlag } from '../../cli/experiments/since.ts';
import { waitForSelection } from '../../cli/experiments/wait-for-selection.ts';
import { sweepArgument } from '../../cli/sweeps/flags.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';

interface Document {
  experiments: ExperimentSummary[];
}

export default class SweepsWait extends BaseCommand<Document> {
  static override summary = 'Wait until all of a sweep have ended; the exit code is the result';
  static override description =
    'The last experiment of each point counts. Exit codes: 0 all succeeded, 8 one failed, 9 one was cancelled, 124 the time is up.';
  static override examples = ['aichor sweeps wait first', 'aichor sweeps wait first --timeout 2h'];
  static override args = sweepArgument;
  static override flags = {
    timeout: string({
      description: 'Stop waiting after this long (90s, 2h; 5 is 5s)',
      helpValue: 'DURATION',
    }),
  };

  async run(): Promise<Document | Verdict<Document>> {
    const { args, flags } = await this.parse(SweepsWait);
    const timeout = flags.timeout === undefined ? null : secondsFlag(flags.timeout, '--timeout');
    const client = await this.client();
    const { known } = await knownOf(client, { sweep: args.name });
    const chosenBy = [`--sweep ${args.name}`];
    const { experiments, error } = await waitForSelection(this, client, { known, chosenBy, timeout });
    if (error === null) return { experiments };
    return new Verdict({ experiments }, error, { isInView: error.code !== 'timeout' });
  }

  override async view({ experiments }: Document): Promise<string> {
    const { waitedView } = await import('../../cli/print/experiments/ended.ts');
    return waitedView(experiments, new Date(), this.screen);
  }
}
