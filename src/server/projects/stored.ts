import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { createTurn, type Turn } from '../../base/async/turn.ts';
import { bytesBelow } from '../../base/io/disk/bytes-below.ts';
import { ifThere } from '../../base/io/files.ts';
import { formatBytes } from '../../base/text/bytes.ts';
import { AichorError } from '../../errors.ts';
import { projectFolder } from '../../experiment/project-name.ts';
import { experimentFolder, type Folders } from '../process/folders.ts';
import { announcedBy } from '../storage/files/announced.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { ProjectTable } from '../store/tables/projects.ts';

/** What knowing how much a project stores needs. */
export interface Measuring {
  projects: Pick<ProjectTable, 'named'>;
  store: Pick<ExperimentStore, 'ids'>;
  folders: Pick<Folders, 'data' | 'outputs' | 'experiments'>;
}

/** How long a measured size is taken as it was. */
const KEPT_MS = 30_000;

/** What is remembered of a project between two looks. */
interface Known {
  measured: { bytes: number; at: number } | null;
  /** Bytes of files that are on their way in one piece. */
  coming: number;
  turn: Turn;
}

const known = new WeakMap<object, Map<string, Known>>();

function knownOf({ projects }: Pick<Measuring, 'projects'>, name: string): Known {
  const all = known.get(projects) ?? new Map<string, Known>();
  known.set(projects, all);
  const found = all.get(name) ?? { measured: null, coming: 0, turn: createTurn() };
  all.set(name, found);
  return found;
}

/**
 * Bytes of inputs, outputs and logs of a project on this machine, as they were some seconds ago, and of files that were
 * announced and are still to come.
 */
export async function storedIn(name: string, by: Measuring, keptMs = KEPT_MS): Promise<number> {
  const project = knownOf(by, name);
  const { measured } = project;
  const isOld = measured === null || performance.now() - measured.at >= keptMs;
  const bytes = isOld ? await counted(name, by) : measured.bytes;
  if (isOld) project.measured = { bytes, at: performance.now() };
  return bytes + project.coming + (await announcedBy(name, by.folders));
}

/**
 * Calls `work` where a project's quota leaves so many more bytes, one call after another: what it counts, or notes, is seen by
 * the next. Throws AichorError `too_large`, and calls nothing, where it does not.
 */
export async function withinQuota<T>(
  { name, more }: { name: string; more: number },
  by: Measuring,
  work: () => Promise<T>,
): Promise<T> {
  return knownOf(by, name).turn(async () => {
    await assertQuota(name, more, by);
    return work();
  });
}

/** Counts a file that comes in one piece, until the result is called: with the bytes by which there is more then. */
export function countComing(name: string, bytes: number, by: Measuring): (more: number) => void {
  const project = knownOf(by, name);
  project.coming += bytes;
  return (more) => {
    project.coming -= bytes;
    countMore(name, more, by);
  };
}

/** There are so many more bytes of it since it was measured. */
export function countMore(name: string, bytes: number, by: Measuring): void {
  const { measured } = knownOf(by, name);
  if (measured !== null) measured.bytes += bytes;
}

/** Throws AichorError `too_large` when a project has no room for so many more bytes; it is measured anew before that. */
export async function assertQuota(name: string, more: number, by: Measuring): Promise<void> {
  const allowed = quotaOf(name, by);
  if (allowed === null) return;
  let stored = 0;
  for (const keptMs of [KEPT_MS, 0]) {
    stored = await storedIn(name, by, keptMs);
    if (stored + more <= allowed) return;
  }
  const what = more === 0 ? '' : `; these are ${formatBytes(more)} more`;
  throw new AichorError(
    'too_large',
    `the project ${name} may store ${formatBytes(allowed)} on the server and has ${formatBytes(stored)}${what}`,
    {
      hint: `aichor experiments prune --outputs makes room, and so does removing inputs on the server; an admin raises the quota: aichor projects update ${name} --max-stored-gb N`,
    },
  );
}

/** Bytes that a project may store; null: no limit. */
function quotaOf(name: string, { projects }: Pick<Measuring, 'projects'>): number | null {
  const quota = projects.named(name)?.quotas.stored_gb ?? null;
  return quota === null ? null : Math.round(quota * 1e9);
}

async function counted(name: string, { store, folders }: Measuring): Promise<number> {
  const folder = projectFolder(name);
  const inputs = join(folders.data, 'inputs', folder);
  let bytes = await bytesBelow(join(folders.outputs, folder));
  // Behind a link lie files of somebody else, who counts them.
  if ((await ifThere(lstat(inputs)))?.isDirectory() === true) bytes += await bytesBelow(inputs);
  for (const id of store.ids({ projects: [name] }))
    bytes += await bytesBelow(join(experimentFolder(folders, id), 'logs'));
  return bytes;
}
