import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { directoryPaths } from '../../cli/manifest/repository-around.ts';
import { commitTriggerView } from '../../cli/print/commit-trigger.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { AichorError } from '../../errors.ts';
import {
  readCommitMessage,
  withForm,
  withRepository,
  type CommitTrigger,
} from '../../repository/commit-trigger.ts';

export default class CommitsExplain extends BaseCommand<CommitTrigger> {
  static override summary =
    'Whether a commit with this message would start an experiment, and of which manifest';
  static override description =
    'A push starts one when the message of its newest commit begins with aichor[PATH]: or aichor(PATH):, where PATH is a manifest below aichor_manifests/. Nothing is sent, and no server is needed. Exit code 0 whatever the answer is.';
  static override examples = [
    'aichor commits explain "aichor[manifest.yaml]: train ResNet"',
    'aichor commits explain "$(git log -1 --format=%B)" --repo-dir . | jq -r .manifest',
  ];
  static override args = {
    message: stringArg({ description: "The commit's message", required: true, ignoreStdin: true }),
  };
  static override flags = {
    'repo-dir': string({ description: 'Also check that the manifest exists there', helpValue: 'DIR' }),
  };

  async run(): Promise<CommitTrigger> {
    const { args, flags } = await this.parse(CommitsExplain);
    const read = withForm(readCommitMessage(args.message));
    const root = flags['repo-dir'];
    if (root === undefined) return read;
    const paths = directoryPaths(root);
    if (paths.hasFolder?.('.') === true) return withRepository(read, paths);
    throw new AichorError('usage', `--repo-dir: there is no folder ${root}`, {
      hint: 'name a clone of the repository',
    });
  }

  override view(document: CommitTrigger): string {
    return commitTriggerView(document, this.screen);
  }
}
