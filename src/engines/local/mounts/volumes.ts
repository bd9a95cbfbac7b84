import { mkdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { isThere } from '../../../base/io/files.ts';
import { AichorError } from '../../../errors.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import type { Notice } from '../../../experiment/record.ts';
import { removeTree } from '../pod/workdir.ts';

/** A volume of the plan: the folder that stands for it, and where pods expect it. */
export interface Volume {
  /** In words. */
  what: string;
  path: string;
  folder: string;
}

/** Folder of the experiment's shared volume: it goes with the experiment. */
export function sharedVolumeFolder(directory: string): string {
  return join(directory, 'shared-volume');
}

/** Folder that stands for a PVC of that name: kept, and shared by all experiments that attach it. */
function pvcFolder(dataFolder: string, name: string): string {
  // A plan of before names were checked must not lead out of the folder either.
  if (/[/\0]|^\.*$/.test(name))
    throw new AichorError('manifest_invalid', `${JSON.stringify(name)} cannot be the name of a volume`, {
      hint: 'use small letters, digits and "-" between them',
    });
  return join(dataFolder, 'volumes', name);
}

/** Makes the folders that the plan's volumes need; notices say what is new, and what a folder cannot be. */
export async function prepareVolumes(
  plan: Plan,
  folders: { data: string; directory: string },
): Promise<{ volumes: Volume[]; notices: Notice[] }> {
  const volumes: Volume[] = [];
  const notices: Notice[] = [];
  const { shared_volume: shared, attached } = plan.storage;
  if (shared !== null) {
    const folder = sharedVolumeFolder(folders.directory);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    volumes.push({ what: 'the shared volume', path: absolute(shared.mount_point), folder });
    notices.push({
      code: 'quota_ignored',
      message: `the shared volume is a folder here: its size is not limited to ${shared.size_gb} GB`,
    });
  }
  for (const { name, mount_point } of attached) {
    const folder = pvcFolder(folders.data, name);
    const isNew = await makeFolder(folder);
    if (isNew)
      notices.push({
        code: 'volume_created',
        message: `the volume ${name} did not exist: an empty folder stands for it, ${folder}`,
      });
    volumes.push({ what: `the volume ${name}`, path: absolute(mount_point), folder });
  }
  return { volumes, notices };
}

/** Kubernetes reads a relative mount point from the root. */
function absolute(mountPoint: string): string {
  return posix.join('/', mountPoint).replace(/(.)\/$/, '$1');
}

export async function removeSharedVolume(directory: string): Promise<void> {
  await removeTree(sharedVolumeFolder(directory));
}

async function makeFolder(folder: string): Promise<boolean> {
  if (await isThere(folder)) return false;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return true;
}
