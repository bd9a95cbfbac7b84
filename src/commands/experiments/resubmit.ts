import { string as stringArg } from '@oclif/core/args';
import { ID_HELP } from '../../cli/runtime/flags.ts';
import { submissionFlags } from '../../cli/submit/flags.ts';
import { experimentMeant } from '../../cli/experiments/references.ts';
import { SubmitCommand, type SubmitDocument } from '../../cli/submit/submit-command.ts';
import type { Verdict } from '../../cli/runtime/command.ts';

export default class ExperimentsResubmit extends SubmitCommand {
  static override summary = 'Submit an experiment again: same code, same manifest';
  static override description =
    'Project, variables, secrets and labels are those of the first one; what is given here goes over them.';
  static override examples = [
    'aichor experiments resubmit 9b2f41',
    'aichor experiments resubmit latest --env LEARNING_RATE=0.01 --message "ten times the rate"',
  ];
  static override args = { id: stringArg({ description: ID_HELP, required: true, ignoreStdin: true }) };
  static override flags = submissionFlags;

  async run(): Promise<SubmitDocument | Verdict<SubmitDocument> | undefined> {
    const { args, flags } = await this.parse(ExperimentsResubmit);
    const { engine, project } = flags;
    return this.submit(flags, this.settings({ engine, project }), async (options) => {
      const client = await this.client();
      const first = await experimentMeant(client, args.id, this.talk);
      const settings = this.settings({ engine, project: project ?? first.project });
      const { resubmission } = await import('../../cli/submit/resubmission.ts');
      return resubmission(first, { ...options, settings }, client);
    });
  }
}
