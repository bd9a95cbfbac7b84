import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { BulkCommand, type BulkDocument } from '../../cli/experiments/bulk-command.ts';
import { deedFlags, ID_HELP, selectionFlags } from '../../cli/runtime/flags.ts';
import { readSelection } from '../../cli/experiments/selection.ts';
import type { Verdict } from '../../cli/runtime/command.ts';

export default class ExperimentsDelete extends BulkCommand {
  static override summary = 'Delete the records and logs of experiments that have ended';
  static override description =
    'An experiment that has not ended is refused (exit 6): cancel it first, or give --wait, which deletes it when it has. --label, --sweep and --all mean those that have ended; with --wait also those that still run or wait. Outputs stay, unless --outputs is given. On a terminal it asks first.';
  static override examples = [
    'aichor experiments delete 9b2f41',
    'aichor experiments delete latest --wait',
    'aichor experiments delete --label sweep=a --outputs',
  ];
  static override strict = false;
  static override args = { id: stringArg({ description: ID_HELP, ignoreStdin: true }) };
  static override flags = {
    ...selectionFlags,
    ...deedFlags,
    outputs: boolean({ description: 'Delete what they wrote as well' }),
    wait: boolean({ char: 'w', description: 'Wait first for the end of those that are live' }),
  };

  protected override done = 'deleted';

  async run(): Promise<BulkDocument | Verdict<BulkDocument>> {
    const { argv, flags } = await this.parse(ExperimentsDelete);
    const { label: labels, sweep, all, wait, outputs, yes } = flags;
    const selection = readSelection({ ids: argv, labels, sweep, all });
    return this.deleteSelected(selection, { all, wait, outputs, yes, dryRun: flags['dry-run'] });
  }
}
