import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EnvironmentsPruned } from '../../api/prune-contract.ts';
import { bytesBelow } from '../../base/io/disk/bytes-below.ts';
import { ifThere } from '../../base/io/files.ts';
import type { Folders } from '../process/folders.ts';
import type { Log } from '../ports.ts';
import type { ExperimentStore } from '../store/store.ts';
import { removeAbandoned } from './files/abandoned.ts';
import { uploadsBelow } from './files/announced.ts';
import { giveUpUpload, type StorageReading } from './places.ts';

/** What removing environments needs. */
export interface EnvironmentsRemoving {
  store: Pick<ExperimentStore, 'live' | 'build'>;
  folders: Pick<Folders, 'environments'>;
  now: () => Date;
}

/** Of one that was built or found just now nobody knows yet who uses it. */
const JUST_NOW_S = 60;
/** One without the mark of being complete is being built, or was left by a build that failed. */
const LEFT_S = 6 * 3600;
const REMOVED = '.removed-';

/**
 * Removes Python environments that no live experiment uses and that nobody has used for so long. What has been removed is
 * built again when it is needed.
 */
export async function pruneEnvironments(
  { store, folders: { environments: folder }, now }: EnvironmentsRemoving,
  { older_than_s: seconds }: { older_than_s: number },
): Promise<EnvironmentsPruned> {
  const used = new Set(store.live().flatMap((id) => Object.values(store.build(id)?.data ?? {})));
  const pruned: EnvironmentsPruned = { environments: [], bytes: 0 };
  for (const key of (await ifThere(readdir(folder))) ?? []) {
    const place = join(folder, key);
    if (key.startsWith(REMOVED)) await rm(place, { recursive: true, force: true });
    if (key.startsWith('.') || used.has(key)) continue;
    const since = await lastUse(place);
    if (since === null) continue;
    const age = (now().getTime() - since.at.getTime()) / 1000;
    if (age <= Math.max(seconds, since.isWhole ? JUST_NOW_S : LEFT_S)) continue;
    const bytes = await bytesBelow(place);
    // At once gone for everybody; taking it away takes long.
    const away = join(folder, `${REMOVED}${randomUUID()}`);
    await rename(place, away);
    await rm(away, { recursive: true, force: true });
    pruned.environments.push({ key, used_at: since.at.toISOString(), bytes });
    pruned.bytes += bytes;
  }
  return pruned;
}

/** When it was last asked for, else finished, else begun. */
async function lastUse(place: string): Promise<{ at: Date; isWhole: boolean } | null> {
  const whole = await ifThere(stat(join(place, 'complete')));
  const used = await ifThere(stat(join(place, 'used')));
  const found = used ?? whole ?? (await ifThere(stat(place)));
  return found === null ? null : { at: found.mtime, isWhole: whole !== null };
}

const FIRST_MS = 10_000;
const EVERY_MS = 24 * 3600 * 1000;
/** Unused for 30 days. */
const OLD_S = 30 * 24 * 3600;

/** Uploads that were not gone on with for a week. */
const OLD_UPLOADS_S = 7 * 24 * 3600;

/** Removes old environments, and uploads that nobody goes on with, soon after the start and once a day, until the server goes. */
export function pruneDaily(
  by: EnvironmentsRemoving & StorageReading & { log: Log; folders: Folders },
  closing: AbortSignal,
): void {
  const notRemoved = (error: unknown) =>
    by.log.warn({ err: error }, 'an upload that nobody goes on with could not be removed');
  const look = () => {
    const before = new Date(by.now().getTime() - OLD_UPLOADS_S * 1000);
    removeAbandoned(uploadsBelow(by.folders), before, (id, note) => giveUpUpload(by, id, note))
      .then((thrown) => thrown.forEach(notRemoved))
      .catch(notRemoved);
    pruneEnvironments(by, { older_than_s: OLD_S })
      .then(({ environments, bytes }) => {
        if (environments.length > 0)
          by.log.info(
            { environments: environments.length, bytes },
            'removed environments unused for 30 days',
          );
      })
      .catch((error: unknown) => by.log.warn({ err: error }, 'old environments could not be removed'));
  };
  const first = setTimeout(look, FIRST_MS).unref();
  const daily = setInterval(look, EVERY_MS).unref();
  closing.addEventListener('abort', () => {
    clearTimeout(first);
    clearInterval(daily);
  });
}
