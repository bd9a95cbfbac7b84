import { string as stringArg } from '@oclif/core/args';
import type { ProjectDocument } from '../../api/team/project-contract.ts';
import { creationOf, projectFlags } from '../../cli/projects/flags.ts';
import { ProjectCommand } from '../../cli/projects/project-command.ts';

export default class ProjectsCreate extends ProjectCommand {
  static override summary = 'Make a project: a repository, and what its experiments may use';
  static override description =
    'Its experiments run on clusters only, unless --engines names local: a pod there has the rights of the user who runs the server. aichor projects webhook-url then tells what the repository has to be told, so that a push starts experiments.';
  static override examples = [
    'aichor projects create folding --repository https://github.com/lab/folding.git --engines gpu --git-token',
    'aichor projects create folding --repository git@github.com:lab/folding.git --deploy-key new --max-gpus 16',
  ];
  static override args = {
    name: stringArg({ description: 'Its name', required: true, ignoreStdin: true }),
  };
  static override flags = projectFlags;

  async run(): Promise<ProjectDocument> {
    const { args, flags } = await this.parse(ProjectsCreate);
    const creation = creationOf(args.name, await this.settingsFrom(flags, false));
    return this.said(await (await this.client()).createProject(creation));
  }
}
