import { readFile } from 'node:fs/promises';
import type { ProjectDocument, ProjectUpdateInput } from '../../api/team/project-contract.ts';
import { AichorError, systemErrorCode } from '../../errors.ts';
import { BaseCommand } from '../runtime/base-command.ts';
import { settingsOf, type ProjectFlags } from './flags.ts';

/** Commands whose document is a project. */
export abstract class ProjectCommand extends BaseCommand<ProjectDocument> {
  /** What the flags say, with the keys of an ssh host once somebody has said that they are right. */
  protected async settingsFrom(flags: ProjectFlags, inner: boolean): Promise<ProjectUpdateInput> {
    const settings = await settingsOf(flags, {
      shell: process.env,
      canAsk: this.canAsk,
      signal: this.signal,
      readFile: readKey,
    });
    const { repository } = settings;
    if (typeof repository !== 'string') return settings;
    const { confirmedHostKeys } = await import('./host-keys.ts');
    const host_keys = await confirmedHostKeys({
      client: await this.client(),
      repository,
      allow_inner_addresses: settings.allow_inner_addresses ?? inner,
      accepted: flags['host-key'] ?? [],
      ask: this.canAsk ? (message) => this.#confirm(message) : null,
    });
    return { ...settings, host_keys };
  }

  async #confirm(message: string): Promise<boolean> {
    const { confirm } = await import('@inquirer/prompts');
    return confirm({ message, default: false }, { signal: this.signal, output: process.stderr });
  }

  /** What whoever set this should know at this moment. */
  protected said(project: ProjectDocument): ProjectDocument {
    for (const notice of project.notices) this.talk.notice(notice);
    return project;
  }

  override async view(project: ProjectDocument): Promise<string> {
    const { projectPage } = await import('../print/people/projects.ts');
    return projectPage(project, this.screen);
  }
}

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new AichorError(
      'usage',
      `--deploy-key: ${path} cannot be read (${systemErrorCode(cause) ?? String(cause)})`,
      {
        hint: 'name the file of a private key, or write --deploy-key new',
        cause,
      },
    );
  }
}
