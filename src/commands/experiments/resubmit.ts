import { string as stringArg } from '@oclif/core/args';
import type { DryRun } from '../../cli/submit/from-directory.ts';
import { ID_HELP, submissionFlags } from '../../cli/runtime/flags.ts';
import { experimentMeant } from '../../cli/experiments/references.ts';
import { engineWishes, readSecretFlags, readSubmission } from '../../cli/submit/submission.ts';
import { SubmitCommand, type SubmitDocument } from '../../cli/submit/submit-command.ts';
import type { Verdict } from '../../cli/runtime/verdict.ts';

export default class ExperimentsResubmit extends SubmitCommand<DryRun> {
  static override summary = 'Submit an experiment again: same code, same manifest';
  static override description =
    'Project, variables, secrets and labels are those of the first one; what is given here goes over them.';
  static override examples = [
    'aichor experiments resubmit 9b2f41',
    'aichor experiments resubmit latest --env LEARNING_RATE=0.01 --message "ten times the rate"',
  ];
  static override args = { id: stringArg({ description: ID_HELP, required: true, ignoreStdin: true }) };
  static override flags = submissionFlags;

  async run(): Promise<SubmitDocument | DryRun | Verdict<SubmitDocument> | undefined> {
    const { args, flags } = await this.parse(ExperimentsResubmit);
    const { signal } = this;
    const settings = this.settings({ engine: flags.engine, project: flags.project });
    const common = await readSubmission(flags, process.env, settings);
    const asking = { shell: process.env, canAsk: this.canAsk, signal };
    const secrets = flags['dry-run'] ? {} : await readSecretFlags(flags, common, asking);
    const client = await this.client();
    const first = await experimentMeant(client, args.id, this.talk);
    const project = flags.project ?? first.project;
    if (flags['dry-run']) {
      const { resubmitDryRun } = await import('../../cli/submit/again.ts');
      const there = this.settings({ engine: flags.engine, project });
      return resubmitDryRun({ client, first, flags, common, settings: there });
    }
    const { engine } = engineWishes(settings);
    const message = flags.message ?? null;
    const summary = await client.resubmit(first.experiment_id, {
      ...common,
      ...{ secrets, engine, message, project },
    });
    return this.afterwards({ client, summary, upload: null, flags });
  }
}
