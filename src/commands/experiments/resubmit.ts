import { string as stringArg } from '@oclif/core/args';
import { ID_HELP } from '../../cli/runtime/flags.ts';
import { repeated } from '../../cli/runtime/flags.ts';
import { submissionFlags } from '../../cli/submit/flags.ts';
import { experimentAgain } from '../../cli/experiments/references.ts';
import { SubmitCommand, type SubmitDocument } from '../../cli/submit/submit-command.ts';
import type { Verdict } from '../../cli/runtime/command.ts';

export default class ExperimentsResubmit extends SubmitCommand {
  static override summary = 'Submit an experiment again: same code, same manifest';
  static override description =
    'Project, variables, secrets, labels and changes of the manifest are those of the first one; what is given here goes over them. Without an id, --label says which one: the newest that has it.';
  static override examples = [
    'aichor experiments resubmit 9b2f41',
    'aichor experiments resubmit latest --env LEARNING_RATE=0.01 --message "ten times the rate"',
    'aichor experiments resubmit 9b2f41 --set spec.types.worker.count=4 --drop-label sweep',
    'aichor experiments resubmit 9b2f41 --drop-env DEBUG',
    'aichor experiments resubmit --label sweep=a',
  ];
  static override args = { id: stringArg({ description: ID_HELP, ignoreStdin: true }) };
  static override flags = {
    ...submissionFlags,
    label: repeated('Label of the new one; without an id, of the one that is meant', 'KEY[=VALUE]', 'l'),
    'drop-label': repeated('Leave out this label of the first one', 'KEY'),
    'drop-env': repeated('Leave out this variable or secret of the first one', 'NAME'),
  };

  async run(): Promise<SubmitDocument | Verdict<SubmitDocument> | undefined> {
    const { args, flags } = await this.parse(ExperimentsResubmit);
    const { engine, project, label: labels, 'drop-label': dropLabels, 'drop-env': dropEnv } = flags;
    const given = args.id === undefined ? { ...flags, label: [] } : flags;
    return this.submit(given, this.settings({ engine, project }), async (options) => {
      const client = await this.client();
      const first = await experimentAgain(client, { ref: args.id, labels }, this.talk);
      const settings = this.settings({ engine, project: project ?? first.project });
      const { resubmission } = await import('../../cli/submit/resubmission.ts');
      return resubmission(first, { ...options, settings }, { client, dropLabels, dropEnv });
    });
  }
}
