import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { BulkCommand, type BulkDocument } from '../../cli/experiments/bulk-command.ts';
import { readSelection } from '../../cli/experiments/selection.ts';
import { deedFlags, ID_HELP, selectionFlags } from '../../cli/runtime/flags.ts';
import type { Verdict } from '../../cli/runtime/command.ts';

export default class ExperimentsCancel extends BulkCommand {
  static override summary = 'Cancel experiments';
  static override description =
    'Returns when the cancel is recorded; --wait returns when everything has stopped. --label, --sweep and --all mean those that still run or wait, and ask first on a terminal. An experiment that has ended already is exit 6.';
  static override examples = [
    'aichor experiments cancel latest',
    'aichor experiments cancel 9b2f41 77ac01 --wait',
    'aichor experiments cancel --label sweep=a',
  ];
  static override strict = false;
  static override args = { id: stringArg({ description: ID_HELP, ignoreStdin: true }) };
  static override flags = {
    ...selectionFlags,
    ...deedFlags,
    wait: boolean({ char: 'w', description: 'Return when they have ended' }),
  };

  protected override done = 'cancelled';

  async run(): Promise<BulkDocument | Verdict<BulkDocument>> {
    const { argv, flags } = await this.parse(ExperimentsCancel);
    const { label: labels, sweep, all, wait, yes } = flags;
    const selection = readSelection({ ids: argv, labels, sweep, all });
    return this.cancelSelected(selection, { all, wait, yes, dryRun: flags['dry-run'] });
  }
}
