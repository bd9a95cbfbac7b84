import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { ID_HELP, selectionFlags } from '../../cli/runtime/flags.ts';
import { knownOf, readSelection } from '../../cli/experiments/selection.ts';
import { secondsFlag } from '../../cli/experiments/since.ts';
import { Verdict } from '../../cli/runtime/command.ts';
import { worst } from '../../cli/experiments/wait.ts';
import { chosenBy, waitForSelection } from '../../cli/experiments/wait-for-selection.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';

interface Document {
  experiments: ExperimentSummary[];
}

export default class ExperimentsWait extends BaseCommand<Document> {
  static override summary = 'Wait until experiments have ended; the exit code is the result';
  static override description =
    'Exit codes: 0 all succeeded, 8 one failed, 9 one was cancelled, 124 the time is up; of several the largest.';
  static override examples = [
    'aichor experiments wait latest',
    'aichor experiments wait 9b2f41 77ac01 --timeout 2h',
    'aichor experiments wait --label sweep=a',
  ];
  static override strict = false;
  static override args = { id: stringArg({ description: ID_HELP, ignoreStdin: true }) };
  static override flags = {
    label: selectionFlags.label,
    sweep: selectionFlags.sweep,
    timeout: string({
      description: 'Stop waiting after this long (90s, 2h; 5 is 5s)',
      helpValue: 'DURATION',
    }),
  };

  async run(): Promise<Document | Verdict<Document>> {
    const { argv, flags } = await this.parse(ExperimentsWait);
    const { label: labels, sweep } = flags;
    const selection = readSelection({ ids: argv, labels, sweep, all: false });
    const timeout = flags.timeout === undefined ? null : secondsFlag(flags.timeout, '--timeout');
    const client = await this.client();
    const { known, errors } = await knownOf(client, selection);
    const ids = known.map((summary) => summary.experiment_id);
    const waited =
      ids.length === 0
        ? { experiments: [], error: null }
        : await waitForSelection(this, client, { known, chosenBy: chosenBy(selection), timeout });
    const error = worst([...errors, ...(waited.error ? [waited.error] : [])]);
    const document = { experiments: waited.experiments };
    if (ids.length === 0 && error) throw error;
    return error
      ? new Verdict(document, error, { isInView: errors.length === 0 && error.code !== 'timeout' })
      : document;
  }

  override async view({ experiments }: Document): Promise<string> {
    const { waitedView } = await import('../../cli/print/experiments/ended.ts');
    return waitedView(experiments, new Date(), this.screen);
  }
}
