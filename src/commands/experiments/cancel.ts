import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { BulkCommand, type BulkDocument } from '../../cli/experiments/bulk-command.ts';
import { ID_HELP, selectionFlags } from '../../cli/runtime/flags.ts';
import { bulkOutcome, readSelection } from '../../cli/experiments/selection.ts';
import type { Verdict } from '../../cli/runtime/command.ts';

export default class ExperimentsCancel extends BulkCommand {
  static override summary = 'Cancel experiments';
  static override description =
    'Returns when the cancel is recorded; --wait returns when nothing runs any more. --label and --all mean those that still run or wait. An experiment that has ended already is exit 6.';
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

  async run(): Promise<BulkDocument | Verdict<BulkDocument>> {
    const { argv, flags } = await this.parse(ExperimentsCancel);
    const selection = readSelection({ ids: argv, labels: flags.label, all: flags.all });
    const client = await this.client();
    const result = await client.cancel(selection);
    if (!flags.wait) return bulkOutcome(result);
    const ids = result.experiments.map((experiment) => experiment.experiment_id);
    return bulkOutcome({ ...result, experiments: await this.untilEnded(client, ids) });
  }
}
