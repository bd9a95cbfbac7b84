import { readdirSync, realpathSync, type Dirent } from 'node:fs';
import { cp, mkdir, readlink, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { systemErrorCode } from '../../../errors.ts';
import { ifThere } from '../../../base/io/files.ts';
import { place, placeIfOther } from '../../../base/io/place.ts';
import { enterWords, works, type Entrance } from './enter.ts';
import { isShared, missingTops, takePlaces } from './shared-places.ts';
import {
  fstab,
  isBelow,
  planSkeleton,
  procLine,
  type Bind,
  type ListFolder,
  type Skeleton,
} from './skeleton.ts';

/** Something at a path of its own in the pods' eyes. */
export interface Mount {
  path: string;
  isFolder: boolean;
  /** Where it really is; null: in each pod's own copy of the image. */
  source: string | null;
  /** Where it is in that copy; `path`, unless said. */
  inside?: string;
}

/** Mounts that every pod of an experiment gets. */
export interface Mounts {
  entrance: Entrance;
  root: string;
  machine: readonly Bind[];
  /** Outer before inner. */
  own: readonly Mount[];
}

export interface MountRequest {
  mounts: readonly Mount[];
  /** Private folder of the experiment. */
  directory: string;
  experimentId: string;
  /** Folders of the machine that must stay where they are: state, environments. */
  needed: readonly string[];
  entrance: Entrance | null;
}

/** Folders in which nothing can be mounted for a pod alone. */
const NEVER = /^\/(proc|sys|dev|run|boot)(\/|$)|^\/(tmp|usr|etc|bin|lib|var|home|opt|root)?$/;

/**
 * Makes the root in which the pods find things at their paths, and tries it once.
 *
 * @returns null when this machine does not allow it; `refused`: mounts that are left out in any case
 */
export async function prepareMounts(
  request: MountRequest,
): Promise<{ mounts: Mounts | null; refused: Mount[] }> {
  const { directory, entrance, needed, experimentId } = request;
  const resolved = request.mounts.map((mount) => ({ ...mount, path: realPath(mount.path) }));
  const hides = ({ path }: Mount) => needed.some((folder) => folder === path || isBelow(folder, path));
  const refused = resolved.filter((mount) => NEVER.test(mount.path) || hides(mount));
  const possible = resolved.filter((mount) => !refused.includes(mount));
  if (entrance === null || possible.length === 0) return { mounts: null, refused };
  for (const path of missingTops(possible.filter((mount) => isShared(mount.path)))) {
    const source = join(directory, 'places', posix.basename(path));
    await mkdir(source, { recursive: true });
    possible.push({ path, isFolder: true, source });
  }
  const shared = possible.filter(({ path }) => isShared(path));
  const taken = await takePlaces(shared, { directory, experimentId });
  refused.push(...shared.filter(({ path }) => !taken.has(path)));
  const own = possible
    .filter((mount) => !refused.includes(mount))
    .toSorted((a, b) => a.path.length - b.path.length);
  if (own.length === 0) return { mounts: null, refused };
  const skeleton = planSkeleton(
    own.filter(({ path }) => !isShared(path)),
    listFolder,
  );
  if (skeleton === null) return { mounts: null, refused };
  const root = join(directory, 'root');
  await makeSkeleton(root, skeleton);
  const mounts = { entrance, root, machine: skeleton.binds, own };
  return { mounts: (await isAllowed(mounts, directory)) ? mounts : null, refused };
}

/** The words that give one pod its mounts. `copy`: its own copy of the image; `folder`: where its command starts. */
export async function podMounts(
  mounts: Mounts,
  { file, copy, folder, contained }: { file: string; copy: string; folder: string; contained: boolean },
): Promise<string[]> {
  const binds = mounts.own.map(({ path, source, inside = path }) => ({
    source: source ?? join(copy, inside),
    target: path,
  }));
  for (const { target } of binds) await makePlaceInside(target, binds);
  const all = fstab([...mounts.machine, ...binds], mounts.root);
  await place(file, contained ? `${all}${procLine(mounts.root)}` : all);
  return enterWords(mounts.entrance, { fstab: file, root: mounts.root, folder }, contained);
}

/** A mount in another one needs a folder there to stand on. */
async function makePlaceInside(path: string, binds: readonly Bind[]): Promise<void> {
  const outer = binds.findLast(({ target }) => isBelow(path, target));
  if (outer !== undefined)
    await mkdir(join(outer.source, posix.relative(outer.target, path)), { recursive: true });
}

async function makeSkeleton(root: string, { folders, files, links }: Skeleton): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o755 });
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  for (const file of files) {
    await mkdir(join(root, dirname(file)), { recursive: true });
    await writeFile(join(root, file), '');
  }
  for (const link of links)
    if ((await ifThere(readlink(join(root, link)))) !== (await readlink(link)))
      await cp(link, join(root, link), { verbatimSymlinks: true, force: true });
}

async function isAllowed({ entrance, root, machine }: Mounts, directory: string): Promise<boolean> {
  const file = join(directory, 'root.mounts');
  await placeIfOther(file, fstab(machine, root));
  const [program = '', ...words] = enterWords(entrance, { fstab: file, root, folder: '/' });
  return works(program, [...words, 'true']);
}

function kindOf(entry: Dirent): 'link' | 'folder' | 'file' {
  if (entry.isSymbolicLink()) return 'link';
  return entry.isDirectory() ? 'folder' : 'file';
}

const listFolder: ListFolder = (path) => {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isSymbolicLink() || entry.isDirectory() || entry.isFile())
      .map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return null;
  }
};

/** With the links of the machine on the way followed: `/var/run/x` is `/run/x`. */
function realPath(path: string): string {
  const parent = dirname(path);
  if (parent === path) return path;
  try {
    return posix.join(realpathSync(parent), posix.basename(path));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return posix.join(realPath(parent), posix.basename(path));
  }
}
