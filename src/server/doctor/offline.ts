import { randomUUID } from 'node:crypto';
import { chmod, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolderSync } from '../../base/io/files-sync.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import { sleep } from '../../base/async/abort.ts';
import { ifThere } from '../../base/io/files.ts';
import { createLogStore } from '../../logs/store/log-store.ts';
import { chooseProcesses } from '../../machine/choose-processes.ts';
import { signalProcess } from '../../machine/signals.ts';
import { stateFolder } from '../../machine/state-folder.ts';
import { createSnapshotStore } from '../../snapshot/store/store.ts';
import { foldersBelow, type Folders } from '../process/folders.ts';
import { acquireServerLock, type ServerLock } from '../process/lock.ts';
import { refuseMisplaced } from '../process/state-folders.ts';
import { idsWithFolder, refuseLostDatabase } from '../store/damage/lost.ts';
import { damageOf, salvage } from '../store/damage/salvage.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { examine } from './examine.ts';
import type { Examination, Damage } from '../../api/examination.ts';

type Env = Record<string, string | undefined>;

/** `examine` while no control plane runs: then also a database that is damaged as a whole, or gone, is seen to. */
export async function examineOffline(env: Env): Promise<Examination> {
  const state = stateFolder(env);
  const { data, config } = state;
  const folders = foldersBelow(data);
  if ((await ifThere(stat(data))) === null)
    return { sound: true, checked: { experiments: 0, contents: 0, snapshots: 0, logs: 0 }, findings: [] };
  refuseMisplaced(state);
  const lock = await lockOf(folders);
  try {
    const found = [
      ...(await lockAway([...new Set([data, config])])),
      ...(await seeToLost(folders, env)),
      ...(await seeToDamaged(folders, env)),
    ];
    const store = await openSqliteStore({
      file: folders.database,
      now: () => new Date(),
      onChange: () => undefined,
      isWatched: () => false,
    });
    const logs = createLogStore(folders.experiments, () => new Date());
    try {
      const { checked, findings } = await examine({
        store,
        logs,
        folders,
        snapshots: createSnapshotStore(data),
      });
      const all = [...found, ...findings];
      return { sound: all.length === 0, checked, findings: all };
    } finally {
      await logs.close();
      store.close();
    }
  } finally {
    lock.release();
  }
}

/** The lock of a server that is not there; throws AichorError `conflict` where one is. */
export async function lockOf(folders: Folders): Promise<ServerLock> {
  makeFolderSync(folders.data, 0o700);
  const lock = await acquireServerLock(folders.lock);
  if (lock !== null) return lock;
  throw new AichorError('conflict', `a control plane serves ${folders.data}`, {
    hint: 'stop it first: aichor server stop, or aichor server stop --force; what runs goes on',
  });
}

/** Folders that others may write to, or look into, are theirs as much as ours. */
async function lockAway(places: string[]): Promise<Damage[]> {
  const findings: Damage[] = [];
  for (const place of places) {
    const mode = (await ifThere(stat(place)))?.mode ?? 0;
    if ((mode & 0o077) === 0) continue;
    await chmod(place, 0o700);
    findings.push({ place, message: 'others could enter it; now only you can', mended: true });
  }
  return findings;
}

/** A database that is gone beside folders of experiments: what runs of them is ended, and they are set aside. */
async function seeToLost(folders: Folders, env: Env): Promise<Damage[]> {
  try {
    await refuseLostDatabase(folders.database);
    return [];
  } catch (error) {
    if (!isAichorError(error) || error.code !== 'conflict') throw error;
    return [await setAside(folders, env, error.message)];
  }
}

async function seeToDamaged(folders: Folders, env: Env): Promise<Damage[]> {
  const place = folders.database;
  if (((await ifThere(stat(place)))?.size ?? 0) === 0) return [];
  const damage = await damageOf(place);
  if (damage === null) return [];
  const { saved, lost, aside } = await salvage(place, new Date());
  const what = `the database was damaged (${damage}): ${saved} experiments were read from it, ${lost} parts could not be; as it was, it is ${aside}`;
  const finding = { place, message: what, mended: saved > 0 };
  if (saved > 0 || (await idsWithFolder(folders.experiments)).length === 0) return [finding];
  return [finding, await setAside(folders, env, 'nothing of the database could be read')];
}

async function setAside({ data, experiments }: Folders, env: Env, why: string): Promise<Damage> {
  const ids = await idsWithFolder(experiments);
  const ended = await endAll(ids, env);
  const aside = join(data, `experiments.aside-${randomUUID().slice(0, 8)}`);
  await rename(experiments, aside);
  const message = `${why}: their folders (logs among them) were moved to ${aside}, and ${ended} of their processes ended; aichor server restore FILE brings a backup back`;
  return { place: experiments, message, mended: true };
}

/** Rounds of looking for processes that are left, and the pause between them. */
const ROUNDS = 50;
const PAUSE_MS = 100;

/** Ends what still runs of these experiments; how many processes that were. */
async function endAll(ids: readonly string[], env: Env): Promise<number> {
  const processes = chooseProcesses(env, process.platform);
  const ended = new Set<number>();
  for (const id of ids) {
    for (let round = 0; round < ROUNDS; round++) {
      const left = await processes.marked('AICHOR_EXPERIMENT_ID', id, 'HOSTNAME');
      if (left.length === 0) break;
      for (const { pid } of left) {
        ended.add(pid);
        signalProcess(pid, 'SIGKILL');
      }
      await sleep(PAUSE_MS);
    }
  }
  return ended.size;
}
