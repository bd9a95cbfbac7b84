import { sweepSubmissionFlags } from '../../cli/submit/flags.ts';
import { SweepCommand, type SweepOutput } from '../../cli/sweeps/sweep-command.ts';
import type { Verdict } from '../../cli/runtime/command.ts';

export default class ExperimentsSweep extends SweepCommand {
  static override summary = 'Submit many experiments that differ in a few values';
  static override description =
    'One upload and one request for all of them: they are accepted as a whole or not at all. Names are variables of the pods, or with --set places in the manifest. The same --name again submits only the points that are missing (--rerun failed: also those that failed). See docs/sweeps.md.';
  static override examples = [
    'aichor experiments sweep --grid LR=0.1,0.01 --grid HIDDEN=8,16 --name first',
    "aichor experiments sweep --grid LR=0.1,0.01 --repeat 3 --max-parallel 4 --message 'lr {LR}, try {repeat}'",
    'aichor experiments sweep --random 20 --space LR=log:1e-4:1e-1 --space DEPTH=int:1:8 --seed 7',
    'aichor experiments sweep --set spec.types.worker.count=1,2,4 --dry-run',
    'aichor experiments sweep --list points.csv --name first --rerun failed',
  ];
  static override flags = sweepSubmissionFlags;

  async run(): Promise<SweepOutput | Verdict<SweepOutput> | undefined> {
    const { flags } = await this.parse(ExperimentsSweep);
    return this.sweep(flags);
  }
}
