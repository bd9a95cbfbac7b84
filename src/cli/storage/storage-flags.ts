import { boolean, integer, string } from '@oclif/core/flags';
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
  engine: string({
    description: 'Engine that keeps them, if not the configured one',
    exclusive: ['label', 'experiment'],
  }),
};

/** How files are moved. */
export const transferFlags = {
  concurrency: integer({ description: 'Files that are moved at a time', default: 16, min: 1, max: 256 }),
};

export function storageQueryOf(
  flags: {
    experiment?: string | undefined;
    inputs: boolean;
    project?: string | undefined;
    engine?: string | undefined;
  },
  { path, settings }: { path: string | undefined; settings: Settings },
): StorageQueryInput {
  const project = flags.project ?? settings.project.value ?? undefined;
  // What nobody has said is for the server to say.
  const said = settings.engine.origin === 'default' ? null : settings.engine.value;
  const engine = flags.engine ?? said ?? undefined;
  return {
    kind: flags.inputs ? 'inputs' : 'outputs',
    ...(flags.experiment === undefined
      ? { ...(project !== undefined && { project }), ...(engine !== undefined && { engine }) }
      : { experiment: flags.experiment }),
    ...(path !== undefined && { path }),
  };
}
