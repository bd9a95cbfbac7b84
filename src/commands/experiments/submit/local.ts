import { string as stringArg } from '@oclif/core/args';
import { localSubmissionFlags } from '../../../cli/submit/flags.ts';
import { SubmitCommand, type SubmitDocument } from '../../../cli/submit/submit-command.ts';
import type { Verdict } from '../../../cli/runtime/command.ts';

export default class SubmitLocal extends SubmitCommand {
  static override summary = 'Submit a directory as it is';
  static override description =
    'Checks the manifest, packs the directory (less what .gitignore and .aichorignore leave out) and submits it. Files that the server has are not sent again.';
  static override examples = [
    'aichor experiments submit local --message "first try"',
    'aichor experiments submit local --env LEARNING_RATE=0.001 --label sweep=a --follow',
    'ID=$(aichor experiments submit local --quiet)',
    "aichor experiments submit local --dry-run | jq '.plan.totals'",
    'aichor experiments submit local --dry-run --show-files',
  ];
  static override args = {
    directory: stringArg({ description: 'The repository, as --repo-dir names it', ignoreStdin: true }),
  };
  static override flags = localSubmissionFlags;

  async run(): Promise<SubmitDocument | Verdict<SubmitDocument> | undefined> {
    const { args, flags } = await this.parse(SubmitLocal);
    const { engine, project } = flags;
    const requested = flags['manifest-path'] ?? null;
    return this.submit(flags, this.settings({ engine, project }), async (options) => {
      const { directorySubmission } = await import('../../../cli/submit/directory.ts');
      const { repositoryMeant } = await import('../../../cli/manifest/repository-around.ts');
      const root = args.directory ?? flags['repo-dir'] ?? repositoryMeant(requested, this.talk);
      return directorySubmission({ root, requested }, options, () => this.client());
    });
  }
}
