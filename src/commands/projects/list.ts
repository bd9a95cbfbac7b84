import type { ProjectList } from '../../api/team/project-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';

export default class ProjectsList extends BaseCommand<ProjectList> {
  static override summary = 'List the projects that were made';
  static override description =
    'A name that is only written on experiments (--project) is none of these: it has no settings.';
  static override examples = ["aichor projects list | jq -r '.projects[].name'"];

  async run(): Promise<ProjectList> {
    await this.parse(ProjectsList);
    return (await this.client()).projects();
  }

  override async view(document: ProjectList): Promise<string> {
    const { projectsTable } = await import('../../cli/print/people/projects.ts');
    return projectsTable(document, this.screen);
  }
}
