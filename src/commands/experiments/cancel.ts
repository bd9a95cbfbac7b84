import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { BaseCommand } from '../../cli/base-command.ts';
import { ID_HELP, selectionFlags } from '../../cli/flags.ts';
import { bulkOutcome, readSelection } from '../../cli/selection.ts';
import type { Verdict } from '../../cli/verdict.ts';
import { waitForEnd } from '../../cli/wait.ts';

interface Document {
  experiments: ExperimentSummary[];
}

export default class ExperimentsCancel extends BaseCommand<Document> {
  static override summary = 'Cancel experiments';
  static override description =
    'Returns when the cancel is recorded; --wait returns when nothing runs any more. An experiment that has ended already is exit 6.';
  static override examples = [
    'aichor experiments cancel latest',
    'aichor experiments cancel 9b2f41 77ac01 --wait',
    'aichor experiments cancel --label sweep=a',
  ];
  static override strict = false;
  static override args = { id: stringArg({ description: ID_HELP, ignoreStdin: true }) };
  static override flags = {
    ...selectionFlags,
    wait: boolean({ description: 'Return when they have ended' }),
  };

  async run(): Promise<Document | Verdict<Document>> {
    const { argv, flags } = await this.parse(ExperimentsCancel);
    const selection = readSelection({ ids: argv, labels: flags.label, all: flags.all });
    const client = await this.client();
    const result = await client.cancel(selection);
    const ids = result.experiments.map((experiment) => experiment.experiment_id);
    if (!flags.wait || ids.length === 0) return bulkOutcome(result);
    const { experiments } = await waitForEnd({
      client,
      ids,
      timeout: null,
      signal: this.signal,
      onChange: ({ experiment_id: id, status }) => this.talk.progress(`${id.slice(0, 8)} ${status}`),
      onLost: () => this.talk.progress('the connection was lost; making it again'),
    });
    return bulkOutcome({ ...result, experiments });
  }
}
