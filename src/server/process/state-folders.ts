import { chmod, lstat, mkdir, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AichorError, systemErrorCode } from '../../errors.ts';
import type { StateFolder } from '../../machine/state-folder.ts';

/** Linux's magic numbers of file systems on other machines, where locks and sockets do not do what they must. */
const NETWORK_FILE_SYSTEMS = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x5346414f, 'AFS'],
]);

/** Makes the folders of the control plane, for this user only. Throws when they cannot be used. */
export async function makeStateFolders(
  { config, data, socket }: StateFolder,
  platform: NodeJS.Platform,
): Promise<void> {
  await makePrivate(data);
  await makePrivate(config);
  for (const folder of new Set([data, config])) await closeToOthers(folder);
  if (platform === 'linux') await refuseNetworkFolder(data);
  if (dirname(socket) !== data) await makeSocketFolder(dirname(socket));
}

async function makePrivate(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
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
