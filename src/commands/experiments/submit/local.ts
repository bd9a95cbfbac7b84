import type { DryRun } from '../../../cli/submit/from-directory.ts';
import { newSubmissionFlags } from '../../../cli/runtime/flags.ts';
import { SubmitCommand, type SubmitDocument } from '../../../cli/submit/submit-command.ts';
import type { Verdict } from '../../../cli/runtime/verdict.ts';

export default class SubmitLocal extends SubmitCommand<DryRun> {
  static override summary = 'Submit a directory as it is';
  static override description =
    'Checks the manifest, packs the directory (less .git, .venv and what .aichorignore lists) and submits it. Files that the server has are not sent again.';
  static override examples = [
    'aichor experiments submit local --message "first try"',
    'aichor experiments submit local --env LEARNING_RATE=0.001 --label sweep=a --follow',
    'ID=$(aichor experiments submit local --quiet)',
    "aichor experiments submit local --dry-run | jq '.plan.totals'",
  ];
  static override flags = newSubmissionFlags;

  async run(): Promise<SubmitDocument | DryRun | Verdict<SubmitDocument> | undefined> {
    const { flags } = await this.parse(SubmitLocal);
    const { engine, project } = flags;
    const settings = this.settings({ engine, project });
    const [{ checkDirectory, dryRun, sendDirectory }, { engineWishes, readSecretFlags, readSubmission }] =
      await Promise.all([
        import('../../../cli/submit/from-directory.ts'),
        import('../../../cli/submit/submission.ts'),
      ]);
    const common = await readSubmission(flags, process.env, settings);
    const { signal, talk } = this;
    const onSource = (file: string, text: string) => this.sources.set(file, text);
    const checked = checkDirectory({
      root: flags['repo-dir'],
      flags,
      common,
      settings,
      talk,
      signal,
      onSource,
    });
    if (flags['dry-run']) return dryRun(checked, settings);
    const secrets = await readSecretFlags(flags, common, { shell: process.env, canAsk: this.canAsk, signal });
    const client = this.client();
    const submission = {
      ...common,
      ...engineWishes(settings),
      secrets,
      message: flags.message ?? '',
      project: settings.project.value,
    };
    const remote = settings.server.value !== null;
    const { summary, upload } = await sendDirectory(checked, { client, submission, remote, talk, signal });
    return this.afterwards({ client: await client, summary, upload, flags });
  }
}
