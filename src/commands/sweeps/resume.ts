import { option } from '@oclif/core/flags';
import { RERUNS, type SweepSubmitted } from '../../api/sweep-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { sweepArgument } from '../../cli/sweeps/flags.ts';

export default class SweepsResume extends BaseCommand<SweepSubmitted> {
  static override summary = 'Submit again what failed, was cancelled or is missing of a sweep';
  static override description =
    'From the files, variables and secrets that are kept with its experiments; nothing is sent. For other files: aichor experiments sweep --name NAME --rerun failed.';
  static override examples = ['aichor sweeps resume first', 'aichor sweeps resume first --rerun missing'];
  static override args = sweepArgument;
  static override flags = {
    rerun: option({
      options: RERUNS,
      default: 'failed',
      description: 'What is missing, or also what failed or was cancelled',
    })(),
  };

  async run(): Promise<SweepSubmitted> {
    const { args, flags } = await this.parse(SweepsResume);
    const document = await (await this.client()).resumeSweep(args.name, { rerun: flags.rerun });
    if (document.experiments.length === 0) this.talk.notice(`nothing is missing of the sweep ${args.name}`);
    return document;
  }

  override async view(document: SweepSubmitted): Promise<string> {
    const { submittedSweepView } = await import('../../cli/print/sweeps/submitted.ts');
    return submittedSweepView(document, this.screen);
  }
}
