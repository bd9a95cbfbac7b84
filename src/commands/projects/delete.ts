import { string as stringArg } from '@oclif/core/args';
import type { ProjectDocument } from '../../api/team/project-contract.ts';
import { ProjectCommand } from '../../cli/projects/project-command.ts';

export default class ProjectsDelete extends ProjectCommand {
  static override summary = 'Take a project away of which nothing lives';
  static override description =
    'Its settings, secrets and deliveries go; experiments that have ended, and outputs, stay.';
  static override examples = ['aichor projects delete folding'];
  static override args = {
    name: stringArg({ description: 'Its name', required: true, ignoreStdin: true }),
  };

  async run(): Promise<ProjectDocument> {
    const { args } = await this.parse(ProjectsDelete);
    return (await this.client()).deleteProject(args.name);
  }

  override view({ name }: ProjectDocument): Promise<string> {
    return Promise.resolve(`the project ${JSON.stringify(name)} is gone`);
  }
}
