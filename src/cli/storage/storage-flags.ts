import { boolean, string } from '@oclif/core/flags';
import type { StorageQueryInput } from '../../api/storage-contract.ts';
import { ID_HELP } from '../runtime/flags.ts';
import type { Settings } from '../settings/settings.ts';

/** Whose files are meant. */
export const storageFlags = {
  experiment: string({
    description: `Outputs of this experiment: ${ID_HELP}`,
    exclusive: ['inputs', 'project', 'label'],
  }),
  inputs: boolean({ description: "The project's inputs instead of its outputs", exclusive: ['label'] }),
  project: string({ description: 'Project, if not the configured one', exclusive: ['label'] }),
};

export function storageQueryOf(
  flags: { experiment?: string | undefined; inputs: boolean; project?: string | undefined },
  { path, settings }: { path: string | undefined; settings: Settings },
): StorageQueryInput {
  const project = flags.project ?? settings.project.value ?? undefined;
  return {
    kind: flags.inputs ? 'inputs' : 'outputs',
    ...(flags.experiment === undefined
      ? project !== undefined && { project }
      : { experiment: flags.experiment }),
    ...(path !== undefined && { path }),
  };
}
