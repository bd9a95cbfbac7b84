import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../errors.ts';
import type { Plan } from '../../experiment/plan.ts';
import type { Notice } from '../../experiment/record.ts';
import { removeTree } from './workdir.ts';

/** Folder of the experiment's shared volume: it goes with the experiment. */
export function sharedVolumeFolder(directory: string): string {
  return join(directory, 'shared-volume');
}

/** Folder that stands for a PVC of that name: kept, and shared by all experiments that attach it. */
function pvcFolder(dataFolder: string, name: string): string {
  return join(dataFolder, 'volumes', name);
}

/** Makes the folders that the plan's volumes need; notices say where they are and what cannot be done here. */
export async function prepareVolumes(
  plan: Plan,
  folders: { data: string; directory: string },
): Promise<Notice[]> {
  const notices: Notice[] = [];
  const { shared_volume: shared, attached } = plan.storage;
  if (shared !== null) {
    const folder = sharedVolumeFolder(folders.directory);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    notices.push(notMounted('the shared volume', shared.mount_point, folder));
  }
  for (const { name, mount_point } of attached) {
    const folder = pvcFolder(folders.data, name);
    const isNew = await makeFolder(folder);
    if (isNew)
      notices.push({
        code: 'volume_created',
        message: `the volume ${name} did not exist: an empty folder stands for it, ${folder}`,
      });
    notices.push(notMounted(`the volume ${name}`, mount_point, folder));
  }
  return notices;
}

export async function removeSharedVolume(directory: string): Promise<void> {
  await removeTree(sharedVolumeFolder(directory));
}

function notMounted(what: string, mountPoint: string, folder: string): Notice {
  const message = `${what} cannot be mounted at ${mountPoint} without a container; here it is the folder ${folder}`;
  return { code: 'mount_point_ignored', message };
}

async function makeFolder(folder: string): Promise<boolean> {
  try {
    await stat(folder);
    return false;
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return true;
  }
}
