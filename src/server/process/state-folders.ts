import { lstatSync } from 'node:fs';
import { chmod, lstat, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isFolderSync, isThereSync, makeFolderSync } from '../../base/io/files-sync.ts';
import { ifThere } from '../../base/io/files.ts';
import { AichorError, systemErrorCode } from '../../errors.ts';
import type { StateFolder } from '../../machine/state-folder.ts';
import { allFilesOf, allFoldersBelow } from './folders.ts';

/** Linux's magic numbers of file systems on other machines, where locks and sockets do not do what they must. */
const NETWORK_FILE_SYSTEMS = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x5346414f, 'AFS'],
]);

/** Makes the folders of the control plane, for this user only. Throws when they cannot be used. */
export async function makeStateFolders(state: StateFolder, platform: NodeJS.Platform): Promise<void> {
  const { config, data, socket } = state;
  refuseMisplaced(state);
  await makePrivate(data);
  await makePrivate(config);
  for (const folder of new Set([data, config])) await closeToOthers(folder);
  if (platform === 'linux') await refuseNetworkFolder(data);
  if (dirname(socket) !== data) await makeSocketFolder(dirname(socket));
}

/**
 * Refuses a file where a folder of the control plane belongs, and a folder where a file does: whatever needs it later could only
 * fail, in words that nobody understands.
 *
 * @throws AichorError `server_error` that names the path and what is there
 */
export function refuseMisplaced({ config, data, cache }: Omit<StateFolder, 'socket'>): void {
  for (const folder of [data, config, cache, kubeconfigsBelow(config), ...allFoldersBelow(data)])
    if (isThere(folder) && !isFolder(folder))
      throw misplaced(`the folder ${folder} cannot be made: ${kindOf(folder)} is there`, folder);
  for (const file of allFilesOf({ data, config }))
    if (isFolder(file)) throw misplaced(`the file ${file} cannot be written: a folder is there`, file);
}

/** Where a path may not be looked at, whoever needs it says so. */
function isThere(path: string): boolean {
  return unlessRefused(() => isThereSync(path));
}

/** A link that leads in a circle leads to no folder. */
function isFolder(path: string): boolean {
  return unlessRefused(() => isFolderSync(path));
}

function unlessRefused(look: () => boolean): boolean {
  try {
    return look();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

function misplaced(message: string, path: string): AichorError {
  return new AichorError('server_error', message, {
    hint: `move ${path} away, or set AICHOR_HOME to another folder`,
  });
}

function kindOf(path: string): string {
  const found = lstatSync(path);
  if (found.isFile()) return 'a file';
  return found.isSymbolicLink() ? 'a link to no folder' : 'something else';
}

function kubeconfigsBelow(config: string): string {
  return join(config, 'kubeconfigs');
}

/** Files with keys, or what opens them, by the folder they stand in. */
const SECRET_FILES = ['server-key', 'keys.json', 'credentials.json', 'engines.json'];

/** Files of keys that were put there with other permissions are closed to others. What was done, to be said. */
export async function closeSecrets({ config }: Pick<StateFolder, 'config'>): Promise<string[]> {
  const kubeconfigs = kubeconfigsBelow(config);
  const stored = (await ifThere(readdir(kubeconfigs))) ?? [];
  const files = [
    ...SECRET_FILES.map((name) => join(config, name)),
    ...stored.map((name) => join(kubeconfigs, name)),
  ];
  const closed: string[] = [];
  for (const file of files) {
    if (!(await isOpenToOthers(file))) continue;
    await chmod(file, 0o600);
    closed.push(`others could read ${file}; now only you can: make the keys in it anew if somebody did`);
  }
  return closed;
}

/** Whether others than this user, whose file it is, may read or write it. */
export async function isOpenToOthers(file: string): Promise<boolean> {
  const found = await ifThere(stat(file));
  return found !== null && (found.mode & 0o077) !== 0 && found.uid === process.getuid?.();
}

async function makePrivate(folder: string): Promise<void> {
  try {
    makeFolderSync(folder, 0o700);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw new AichorError('server_error', `the folder ${folder} cannot be made (${code})`, {
      hint: 'set AICHOR_HOME to a folder that you can write to',
      cause: error,
    });
  }
}

/** Throws AichorError `forbidden` for a folder of somebody else's in which others may write; ours is closed to others. */
async function closeToOthers(folder: string): Promise<void> {
  const { mode, uid } = await stat(folder);
  if ((mode & 0o077) === 0) return;
  if (uid === process.getuid?.()) return chmod(folder, 0o700);
  if ((mode & 0o022) === 0) return;
  throw new AichorError('forbidden', `${folder} belongs to somebody else, and others may write to it`, {
    hint: 'set AICHOR_HOME to a folder of your own',
  });
}

async function refuseNetworkFolder(folder: string): Promise<void> {
  const { type } = await statfs(folder);
  const name = NETWORK_FILE_SYSTEMS.get(type);
  if (name === undefined) return;
  throw new AichorError(
    'server_error',
    `the state folder ${folder} lies on ${name}, which cannot hold the control plane's database`,
    {
      hint: 'set AICHOR_HOME to a folder on a local disk, for example AICHOR_HOME=/var/tmp/aichor-$USER',
    },
  );
}

/** In a folder that all users share: somebody else could have made it before, to listen in. */
async function makeSocketFolder(folder: string): Promise<void> {
  await makePrivate(folder);
  const stats = await lstat(folder);
  if (!stats.isDirectory() || stats.uid !== process.getuid?.()) {
    throw new AichorError(
      'forbidden',
      `${folder} does not belong to you, so the control plane does not listen in it`,
      {
        hint: 'remove it, or set AICHOR_HOME to a folder with a shorter path',
      },
    );
  }
  if ((stats.mode & 0o077) !== 0) await chmod(folder, 0o700);
}
