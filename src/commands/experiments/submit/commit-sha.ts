import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import type { DryRun } from '../../../cli/submit/from-directory.ts';
import { newSubmissionFlags } from '../../../cli/runtime/flags.ts';
import { SubmitCommand, type SubmitDocument } from '../../../cli/submit/submit-command.ts';
import type { Verdict } from '../../../cli/runtime/verdict.ts';

export default class SubmitCommitSha extends SubmitCommand<DryRun> {
  static override summary = 'Submit a commit of the origin';
  static override description =
    'The control plane fetches exactly that commit from the origin of --repo-dir. Branches, tags and short SHAs work too. A manifest that is invalid there makes an experiment that has failed at clone.';
  static override examples = [
    'aichor experiments submit commit-sha $(git rev-parse HEAD)',
    'aichor experiments submit commit-sha 4f1c2a9 --branch main --manifest-path aichor/eval/manifest.yaml',
  ];
  static override args = {
    sha: stringArg({ description: 'A SHA, a branch or a tag', required: true, ignoreStdin: true }),
  };
  static override flags = {
    ...newSubmissionFlags,
    branch: string({ description: 'The branch it is on', helpValue: 'NAME' }),
  };

  async run(): Promise<SubmitDocument | DryRun | Verdict<SubmitDocument> | undefined> {
    const { args, flags } = await this.parse(SubmitCommitSha);
    const { engine, project } = flags;
    const settings = this.settings({ engine, project });
    const [{ commitDryRun, commitMeant }, { engineWishes, readSecretFlags, readSubmission }] =
      await Promise.all([
        import('../../../cli/submit/from-commit.ts'),
        import('../../../cli/submit/submission.ts'),
      ]);
    const { signal, talk } = this;
    const common = await readSubmission(flags, process.env, settings);
    const source = await commitMeant({
      repoDir: flags['repo-dir'],
      ref: args.sha,
      branch: flags.branch ?? null,
      signal,
    });
    if (flags['dry-run']) return commitDryRun(source, { flags, common, settings, talk, signal });
    const secrets = await readSecretFlags(flags, common, { shell: process.env, canAsk: this.canAsk, signal });
    const client = await this.client();
    talk.progress(`fetching ${source.commit_sha.slice(0, 12)}`);
    const summary = await client.submit({
      ...common,
      ...engineWishes(settings),
      secrets,
      source,
      manifest_path: flags['manifest-path'] ?? null,
      message: flags.message ?? '',
      project: settings.project.value,
    });
    return this.afterwards({ client, summary, upload: null, flags });
  }
}
