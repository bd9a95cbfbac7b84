import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import type { ProjectDocument, ProjectUpdateInput } from '../../api/team/project-contract.ts';
import { projectFlags } from '../../cli/projects/flags.ts';
import { ProjectCommand } from '../../cli/projects/project-command.ts';
import { repeated, oneOf } from '../../cli/runtime/flags.ts';
import { AichorError } from '../../errors.ts';

/** What can go back to how it is without being set. */
const UNSET: Record<string, ProjectUpdateInput> = {
  repository: { repository: null, git: { kind: 'none' }, host_keys: [] },
  branches: { branches: [] },
  engines: { engines: null },
  'default-engine': { default_engine: null },
  'manifest-root': { manifest_root: null },
  'max-running': { quotas: { running: null } },
  'max-gpus': { quotas: { gpus: null } },
  'max-stored-gb': { quotas: { stored_gb: null } },
  retention: { retention_s: null },
};

export default class ProjectsUpdate extends ProjectCommand {
  static override summary = 'Change a project; what is not given stays as it is';
  static override examples = [
    'aichor projects update folding --max-gpus 32 --env STAGE=production',
    'aichor projects update folding --unset max-gpus --unset-env STAGE',
  ];
  static override args = {
    name: stringArg({ description: 'Its name', required: true, ignoreStdin: true }),
  };
  static override flags = {
    ...projectFlags,
    'unset-env': repeated('Take this variable away', 'NAME'),
    'no-git-credentials': boolean({ description: 'Forget the token, or the deploy key' }),
    unset: oneOf('--unset', Object.keys(UNSET), 'Go back to how it is without being set'),
  };

  async run(): Promise<ProjectDocument> {
    const { args, flags } = await this.parse(ProjectsUpdate);
    const { 'unset-env': drop_variables, 'no-git-credentials': forget, unset, ...settings } = flags;
    const client = await this.client();
    const { allow_inner_addresses: inner } = await client.project(args.name);
    const given = await this.settingsFrom(settings, inner);
    const update = {
      ...given,
      ...(unset === undefined ? {} : UNSET[unset]),
      ...(forget && { git: { kind: 'none' } as const }),
      drop_variables,
    };
    if (Object.keys(update).length === 2 && drop_variables.length + (given.set_variables?.length ?? 0) === 0)
      throw new AichorError('usage', 'nothing was given that would change', {
        hint: 'aichor projects update --help shows what can be changed',
      });
    return this.said(await client.updateProject(args.name, update));
  }
}
