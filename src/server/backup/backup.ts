import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ifThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import { AichorError, systemErrorCode } from '../../errors.ts';
import { stateFolder } from '../../machine/state-folder.ts';
import { foldersBelow, type Folders } from '../process/folders.ts';
import { openDatabase, saveAs } from '../store/database.ts';
import { archiveOf, type Backed } from './archive.ts';

/** What a backup holds. */
export interface BackupDone {
  file: string;
  bytes: number;
  experiments: number;
  /** What is not in it: users' own files, which may be large, and what can be made again. */
  left_out: string[];
}

const LEFT_OUT = ['outputs', 'inputs', 'tensorboard', 'volumes', 'environments', 'cache', 'repositories'];
/** Of the config folder; keys of other servers (`credentials.json`) are their users'. */
const CONFIG = ['settings.json', 'engines.json', 'keys.json', 'server-key', 'kubeconfigs', 'webhook-secret'];
/** Below `experiments/<id>/engine`: copies of what is stored, and of what pods make. */
const COPIES = new Set(['work', 'root', 'shared-volume']);
/** What uploads that are not complete have left. */
const INCOMPLETE = new Set(['incoming', 'announced']);

interface Backing {
  env: Record<string, string | undefined>;
  version: string;
  file: string;
  now: Date;
}

/**
 * Writes everything that the control plane keeps into one file (0600): the records as of one moment, secrets, stored
 * directories, logs, what engines know of what runs. A server may run meanwhile, and goes on.
 */
export async function backUp({ env, version, file, now }: Backing): Promise<BackupDone> {
  const { data, config } = stateFolder(env);
  const folders = foldersBelow(data);
  if (((await ifThere(stat(folders.database)))?.size ?? 0) === 0)
    throw new AichorError('not_found', `there is nothing to back up in ${data}`, {
      hint: 'set AICHOR_HOME to the folder that is meant',
    });
  const target = resolve(file);
  try {
    const beside = await mkdtemp(join(dirname(target), '.aichor-backup-'));
    try {
      const experiments = await copyDatabases(folders, beside);
      const facts = { aichor_backup: 1, version, created_at: now.toISOString(), data, experiments } as const;
      await place(target, archiveOf(facts, everything({ data, config, beside })), { durable: true });
      const { size: bytes } = await stat(target);
      return { file: target, bytes, experiments, left_out: LEFT_OUT };
    } finally {
      await rm(beside, { recursive: true, force: true });
    }
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === undefined) throw cause;
    throw new AichorError('usage', `the backup cannot be written to ${target} (${code})`, {
      hint: 'name a file in a folder that is there, that you can write to, and that has room',
      cause,
    });
  }
}

/**
 * As of now, each in one file; how many experiments there are. Records first: what is to be told of them is then at least as new, and
 * nothing that was told is told again.
 */
async function copyDatabases({ database, privateValues, outbox }: Folders, beside: string): Promise<number> {
  let count = 0;
  for (const [from, name] of [
    [database, 'control-plane.sqlite'],
    [privateValues, 'private-values.sqlite'],
    [outbox, 'notifications.sqlite'],
  ] as const) {
    if ((await ifThere(stat(from))) === null) continue;
    const opened = await openDatabase(from, { timeoutMs: 5000 });
    try {
      saveAs(opened, join(beside, name));
      if (from === database)
        count = Number(Object.values(Object(opened.prepare('SELECT count(*) FROM experiments').get()))[0]);
    } finally {
      opened.close();
    }
  }
  return count;
}

async function* everything({
  data,
  config,
  beside,
}: {
  data: string;
  config: string;
  beside: string;
}): AsyncGenerator<Backed> {
  for (const name of await readdir(beside)) yield { path: name, file: join(beside, name) };
  for (const name of CONFIG) yield* filesBelow(config, name, 'config/');
  yield* filesBelow(data, 'snapshots');
  const known = new Set<string>();
  // Packs may be written anew meanwhile: what a second look finds is of those.
  for (let round = 0; round < 2; round++) {
    for await (const backed of filesBelow(data, 'blobs')) {
      if (!known.has(backed.path)) yield backed;
      known.add(backed.path);
    }
  }
  for (const id of (await ifThere(readdir(join(data, 'experiments')))) ?? []) {
    // The index first: the files have then at least what it tells of.
    for (const name of ['sources', 'index']) yield* filesBelow(data, `experiments/${id}/logs/${name}`);
    for await (const backed of filesBelow(data, `experiments/${id}/logs`))
      if (!/\/(?:sources|index)$/.test(backed.path)) yield backed;
    for (const name of ['engine', 'metrics', 'usage']) yield* filesBelow(data, `experiments/${id}/${name}`);
  }
}

/** Regular files at or below a path, in order; links and sockets are left out. */
async function* filesBelow(root: string, path: string, prefix = ''): AsyncGenerator<Backed> {
  const found = await ifThere(stat(join(root, path)));
  if (found?.isFile()) yield { path: prefix + path, file: join(root, path) };
  if (!found?.isDirectory()) return;
  const entries = (await ifThere(readdir(join(root, path), { withFileTypes: true }))) ?? [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const below = `${path}/${entry.name}`;
    if (entry.isDirectory() && !isLeftOut(path, entry.name)) yield* filesBelow(root, below, prefix);
    if (entry.isFile() && !entry.name.endsWith('.tmp'))
      yield { path: prefix + below, file: join(root, below) };
  }
}

function isLeftOut(path: string, name: string): boolean {
  if (/^experiments\/[^/]+\/engine$/.test(path)) return COPIES.has(name);
  return (path === 'blobs' || path === 'snapshots') && INCOMPLETE.has(name);
}
