import { randomUUID } from 'node:crypto';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAbsent, isThereSync, removeAllSync } from '../../../base/io/files-sync.ts';
import { readIfThere } from '../../../base/io/files.ts';
import { placeIfOther } from '../../../base/io/place.ts';
import { systemErrorCode } from '../../../errors.ts';

/** A path below `/tmp` at which pods find something else than the machine has there. */
export interface SharedPlace {
  path: string;
  isFolder: boolean;
}

/** Folder that every process of the machine shares. Pods see it as it is, with what is mounted in it. */
const SHARED = '/tmp';
const FILE = 'shared-places.json';
/** Others may take or leave the same place meanwhile. */
const TRIES = 10;

/** Whether it is below the folder that all share: a mount there needs something of the machine to stand on. */
export function isShared(path: string): boolean {
  return path.startsWith(`${SHARED}/`);
}

/**
 * Makes empty folders and files for mounts to stand on, where there is nothing yet. Each says who needs it, so that
 * whoever leaves it last removes it, whatever state folder that one has: one that is removed takes the mounts of others
 * with it. What is there already and is somebody's own stays, and is only hidden from the pods.
 *
 * @param directory of the experiment: what is taken is written down there
 * @returns paths of those that can be had: what is wanted deeper is there already, or in one of them
 */
export async function takePlaces(
  places: readonly SharedPlace[],
  { directory, experimentId }: { directory: string; experimentId: string },
): Promise<ReadonlySet<string>> {
  if (places.length === 0) return new Set();
  const tops = places.filter(({ path }) => dirname(path) === SHARED);
  await placeIfOther(join(directory, FILE), JSON.stringify(tops));
  const taken = new Set(tops.filter((each) => take(each, experimentId)).map(({ path }) => path));
  for (const { path } of places)
    if (path !== topOf(path) && (taken.has(topOf(path)) || isThereSync(path))) taken.add(path);
  return taken;
}

/** Right below the shared folder, what a path lies in. */
function topOf(path: string): string {
  return path.split('/', 3).join('/');
}

/** Folders right below the shared one that have to stand for what is wanted deeper, where the machine has nothing. */
export function missingTops(places: readonly SharedPlace[]): string[] {
  const known = new Set(places.map(({ path }) => path));
  const tops = places
    .filter(({ path }) => !isThereSync(path))
    .map(({ path }) => topOf(path))
    .filter((top) => !known.has(top) && !isThereSync(top));
  return [...new Set(tops)];
}

/** Gives back what was taken for an experiment; its pods have ended. */
export async function leavePlaces(directory: string, experimentId: string): Promise<void> {
  const listed = await readIfThere(join(directory, FILE));
  if (listed === null) return;
  const places: SharedPlace[] = JSON.parse(listed);
  for (const { path, isFolder } of places)
    if (isFolder) leaveFolder(path, experimentId);
    else leaveFile(path, experimentId);
  rmSync(join(directory, FILE), { force: true });
}

const MARK = '.aichor-';

function take({ path, isFolder }: SharedPlace, experimentId: string): boolean {
  for (let tries = 0; tries < TRIES; tries++) {
    const taken = isFolder ? takeFolder(path, experimentId) : takeFile(path, experimentId);
    if (taken !== 'again') return taken === 'taken';
  }
  return false;
}

type Taken = 'taken' | 'refused' | 'again';

/** A folder with a mark for each experiment in it: the last one's removal is the first that succeeds. */
function takeFolder(path: string, experimentId: string): Taken {
  const there = lstatSync(path, { throwIfNoEntry: false });
  const mark = `${MARK}${experimentId}`;
  if (there === undefined) {
    const beside = join(SHARED, `${MARK}${randomUUID()}`);
    return carefully(
      () => {
        mkdirSync(beside);
        writeFileSync(join(beside, mark), '');
        renameSync(beside, path);
      },
      () => removeAllSync(beside),
    );
  }
  if (!there.isDirectory() || isOfOthers(there)) return 'refused';
  return carefully(() => {
    if (readdirSync(path).some((name) => name.startsWith(MARK))) writeFileSync(join(path, mark), '');
  });
}

function leaveFolder(path: string, experimentId: string): void {
  try {
    // Only with it is the folder ours.
    rmSync(join(path, `${MARK}${experimentId}`));
    rmdirSync(path);
  } catch (error) {
    if (!isAbsent(error) && !isInUse(error)) throw error;
  }
}

/** An empty file with another name for each experiment. */
function takeFile(path: string, experimentId: string): Taken {
  const there = lstatSync(path, { throwIfNoEntry: false });
  const held = heldName(path, experimentId);
  if (there === undefined)
    return carefully(
      () => {
        writeFileSync(held, '', { mode: 0o644 });
        linkSync(held, path);
      },
      () => rmSync(held, { force: true }),
    );
  if (!there.isFile() || isOfOthers(there)) return 'refused';
  const isHeld = lstatSync(held, { throwIfNoEntry: false })?.ino === there.ino;
  if (there.size > 0 || there.nlink === 1 || isHeld) return 'taken';
  return carefully(() => linkSync(path, held));
}

function leaveFile(path: string, experimentId: string): void {
  const held = heldName(path, experimentId);
  const own = lstatSync(held, { throwIfNoEntry: false });
  if (own === undefined) return;
  rmSync(held, { force: true });
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.ino === own.ino && there.nlink === 1) rmSync(path, { force: true });
}

function heldName(path: string, experimentId: string): string {
  return join(SHARED, `${MARK}${experimentId}-${basename(path)}`);
}

/** Who owns it may put something else there at any time. */
function isOfOthers({ uid }: { uid: number }): boolean {
  return uid !== 0 && uid !== process.getuid?.();
}

/** `again`: somebody else was there in between. */
function carefully(work: () => void, undo: () => void = () => undefined): Taken {
  try {
    work();
    return 'taken';
  } catch (error) {
    undo();
    if (systemErrorCode(error) === undefined) throw error;
    return isAbsent(error) || isInUse(error) ? 'again' : 'refused';
  }
}

function isInUse(error: unknown): boolean {
  return ['EEXIST', 'ENOTEMPTY', 'EBUSY'].includes(systemErrorCode(error) ?? '');
}
