import { string as stringArg } from '@oclif/core/args';
import { ID_HELP, submissionFlags } from '../../cli/flags.ts';
import { experimentMeant } from '../../cli/references.ts';
import { engineWishes, readSecretFlags, readSubmission } from '../../cli/submission.ts';
import { SubmitCommand, type SubmitDocument } from '../../cli/submit-command.ts';
import type { Verdict } from '../../cli/verdict.ts';

export default class ExperimentsResubmit extends SubmitCommand {
  static override summary = 'Submit an experiment again: same code, same manifest';
  static override description =
    'Variables, secrets and labels are those of the first one; what is given here goes over them.';
  static override examples = [
    'aichor experiments resubmit 9b2f41',
    'aichor experiments resubmit latest --env LEARNING_RATE=0.01 --message "ten times the rate"',
  ];
  static override args = { id: stringArg({ description: ID_HELP, required: true, ignoreStdin: true }) };
  static override flags = submissionFlags;

  async run(): Promise<SubmitDocument | Verdict<SubmitDocument> | undefined> {
    const { args, flags } = await this.parse(ExperimentsResubmit);
    const settings = this.settings({ engine: flags.engine });
    const common = await readSubmission(flags, process.env, settings);
    const secrets = await readSecretFlags(flags, common, {
      shell: process.env,
      canAsk: this.canAsk,
      signal: this.signal,
    });
    const client = await this.client();
    const { experiment_id: id } = await experimentMeant(client, args.id, this.talk);
    const { engine } = engineWishes(settings);
    const summary = await client.resubmit(id, { ...common, secrets, engine, message: flags.message ?? null });
    return this.afterwards({ client, summary, upload: null, flags });
  }
}
