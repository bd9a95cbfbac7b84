import { boolean } from '@oclif/core/flags';
import { BulkCommand, type BulkDocument } from '../../cli/experiments/bulk-command.ts';
import { deedFlags } from '../../cli/runtime/flags.ts';
import type { Verdict } from '../../cli/runtime/command.ts';
import { sweepArgument } from '../../cli/sweeps/flags.ts';

export default class SweepsDelete extends BulkCommand {
  static override summary =
    'Delete the experiments of a sweep that have ended, and with the last one the sweep';
  static override description =
    'Records and logs go; outputs stay, unless --outputs is given. What still runs or waits stays, and the sweep with it, unless --wait is given. On a terminal it asks first.';
  static override examples = [
    'aichor sweeps delete first',
    'aichor sweeps delete first --wait --outputs --yes',
  ];
  static override args = sweepArgument;
  static override flags = {
    ...deedFlags,
    outputs: boolean({ description: 'Delete what they wrote as well' }),
    wait: boolean({ char: 'w', description: 'Wait first for the end of those that are live' }),
  };

  protected override done = 'deleted';

  async run(): Promise<BulkDocument | Verdict<BulkDocument>> {
    const { args, flags } = await this.parse(SweepsDelete);
    const { wait, yes, outputs, 'dry-run': dryRun } = flags;
    await (await this.client()).sweep(args.name);
    return this.deleteSelected({ sweep: args.name }, { all: false, wait, yes, outputs, dryRun });
  }
}
