import { string as stringArg } from '@oclif/core/args';
import type { ProjectDocument } from '../../api/team/project-contract.ts';
import { ProjectCommand } from '../../cli/projects/project-command.ts';

export default class ProjectsGet extends ProjectCommand {
  static override summary = 'Show a project; values that are secret are not shown';
  static override examples = ['aichor projects get folding', 'aichor projects get folding | jq .quotas'];
  static override args = {
    name: stringArg({ description: 'Its name', required: true, ignoreStdin: true }),
  };

  async run(): Promise<ProjectDocument> {
    const { args } = await this.parse(ProjectsGet);
    return (await this.client()).project(args.name);
  }
}
