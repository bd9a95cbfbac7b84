import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { newSubmissionFlags } from '../../../cli/submit/flags.ts';
import { SubmitCommand, type SubmitDocument } from '../../../cli/submit/submit-command.ts';
import type { Verdict } from '../../../cli/runtime/command.ts';

export default class SubmitCommitSha extends SubmitCommand {
  static override summary = 'Submit a commit of the origin';
  static override description =
    'The control plane fetches exactly that commit from the origin of --repo-dir. Branches, tags, short SHAs and revisions such as HEAD~1 work too; without one it is HEAD. A manifest that is invalid there makes an experiment that has failed at clone.';
  static override examples = [
    'aichor experiments submit commit-sha',
    'aichor experiments submit commit-sha HEAD~1',
    'aichor experiments submit commit-sha 4f1c2a9 --branch main --manifest-path aichor/eval/manifest.yaml',
  ];
  static override args = {
    sha: stringArg({
      description: 'A SHA, a branch, a tag or any revision of the clone',
      default: 'HEAD',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...newSubmissionFlags,
    branch: string({ description: 'The branch it is on', helpValue: 'NAME' }),
  };

  async run(): Promise<SubmitDocument | Verdict<SubmitDocument> | undefined> {
    const { args, flags } = await this.parse(SubmitCommitSha);
    const { engine, project, branch = null, 'repo-dir': repoDir = '.' } = flags;
    const meant = { repoDir, ref: args.sha, branch, requested: flags['manifest-path'] ?? null };
    return this.submit(flags, this.settings({ engine, project }), async (options) => {
      const { commitSubmission } = await import('../../../cli/submit/commit.ts');
      return commitSubmission(meant, options, () => this.client());
    });
  }
}
