import { boolean } from '@oclif/core/flags';
import { BulkCommand, type BulkDocument } from '../../cli/experiments/bulk-command.ts';
import { deedFlags } from '../../cli/runtime/flags.ts';
import type { Verdict } from '../../cli/runtime/command.ts';
import { sweepArgument } from '../../cli/sweeps/flags.ts';

export default class SweepsCancel extends BulkCommand {
  static override summary = 'Cancel what runs or waits of a sweep';
  static override description =
    'Returns when the cancel is recorded; --wait returns when all of it has stopped. On a terminal it asks first.';
  static override examples = ['aichor sweeps cancel first', 'aichor sweeps cancel first --wait --yes'];
  static override args = sweepArgument;
  static override flags = {
    ...deedFlags,
    wait: boolean({ char: 'w', description: 'Return when they have ended' }),
  };

  protected override done = 'cancelled';

  async run(): Promise<BulkDocument | Verdict<BulkDocument>> {
    const { args, flags } = await this.parse(SweepsCancel);
    const { wait, yes, 'dry-run': dryRun } = flags;
    await (await this.client()).sweep(args.name);
    return this.cancelSelected({ sweep: args.name }, { all: false, wait, yes, dryRun });
  }
}
