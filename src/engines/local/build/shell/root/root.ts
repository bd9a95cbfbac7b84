import { isAbsent, removeAllSync } from '../../../../../base/io/files-sync.ts';
import { lstatSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { environmentLinks } from '../../../../../dockerfile/run/made-environment.ts';
import type { ImageTree } from '../../../../../dockerfile/tree/image-tree.ts';
import type { Entrance } from '../../../mounts/enter.ts';

/** Folders of this machine whose programs stand for the image's: seen, and what is written to them kept apart. */
const OVERLAID = ['usr', 'etc'];
/** Where they are links into /usr, the root has the same links; where not, they are seen as they are. */
const BESIDE_USR = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];
/** Folders that every image has. */
const EMPTY = [
  'dev',
  'home',
  'media',
  'mnt',
  'opt',
  'proc',
  'root',
  'run',
  'srv',
  'sys',
  'tmp',
  'var/cache',
  'var/lib',
  'var/log',
  'var/tmp',
];

/** Folder in the root for what is ours. */
export const PRIVATE = '/.aichor';

/** The root of one stage: the image's own files, those that are laid over this machine's folders among them. */
export interface StageRoot {
  /** Image paths are found below it. */
  folder: string;
}

export function stageRoot(sources: string, stage: number): StageRoot {
  return { folder: join(sources, String(stage)) };
}

/** What an overlay needs for itself: in the same mount as what is written through it, and out of sight. */
function workFolder({ folder }: StageRoot, name: string): string {
  return join(folder, PRIVATE, 'work', name);
}

/** Where what is the image's alone stays to be seen when an overlay cannot be written to. */
function besideFolder({ folder }: StageRoot, name: string): string {
  return `${folder}.work/${name}`;
}

/** Where a path of the image is on this machine. */
export function placeInRoot({ folder }: StageRoot, path: string): string {
  return join(folder, realPath(path));
}

/** Whether it is in a folder of this machine that is laid over: what is changed there is seen by new mounts only. */
export function isOverlaid(path: string): boolean {
  const real = realPath(path);
  return OVERLAID.includes(topOf(real)) && real !== `/${topOf(real)}`;
}

/** `/bin/x` is `/usr/bin/x`. */
function realPath(path: string): string {
  const top = topOf(path);
  return BESIDE_USR.includes(top) && typeof linkOf(`/${top}`) === 'string' ? `/usr${path}` : path;
}

function topOf(path: string): string {
  const end = path.indexOf('/', 1);
  return end < 0 ? path.slice(1) : path.slice(1, end);
}

/** Makes what every image has. The image's own files may be there already. */
export function prepareRoot(root: StageRoot): void {
  const { folder } = root;
  for (const name of [...EMPTY, ...OVERLAID, PRIVATE.slice(1)])
    mkdirSync(join(folder, name), { recursive: true });
  for (const name of OVERLAID)
    for (const place of [workFolder(root, name), besideFolder(root, name)])
      mkdirSync(place, { recursive: true });
  for (const name of BESIDE_USR) {
    const link = linkOf(`/${name}`);
    if (link === undefined) continue;
    if (link === null) mkdirSync(join(folder, name), { recursive: true });
    else if (linkOf(join(folder, name)) === undefined) symlinkSync(link, join(folder, name));
  }
}

/** Paths at the top of a root that are not the image's. */
export function isOfTheRoot(path: string): boolean {
  const parts = path.split('/').filter((part) => part !== '');
  if (`/${parts[0] ?? ''}` === PRIVATE || ['dev', 'proc', 'sys', 'run'].includes(parts[0] ?? '')) return true;
  return [...EMPTY, ...OVERLAID, ...BESIDE_USR, 'var'].includes(parts.join('/'));
}

/** The outermost folders of an image in which nothing is this machine's, and which not every root has. */
export function foldersOfTheImage(tree: ImageTree): string[] {
  const isOutermost = (path: string) => {
    const outer = path.slice(0, path.lastIndexOf('/'));
    return outer === '' || isOfTheRoot(outer);
  };
  const isApart = (path: string) =>
    !isOfTheRoot(path) && !isOverlaid(path) && !BESIDE_USR.includes(topOf(path));
  return [...tree.entries()].flatMap(([path, { kind }]) =>
    kind === 'folder' && isOutermost(path) && isApart(path) ? [path] : [],
  );
}

/** Undefined: not there; null: no link. */
function linkOf(path: string): string | null | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null;
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return undefined;
  }
}

/** Puts links where environments are: the one that is there stands for them all. */
export function linkEnvironments(root: StageRoot, environments: ReadonlySet<string>): void {
  for (const { path, part } of environmentLinks(environments)) {
    const place = placeInRoot(root, path);
    const target = part === null ? `${PRIVATE}/venv` : `${PRIVATE}/venv/${part}`;
    const folder = dirname(place);
    if (linkOf(place) === target) continue;
    // What was one link so far has another environment in it now.
    if (part !== null && typeof linkOf(folder) === 'string') removeAllSync(folder);
    mkdirSync(folder, { recursive: true });
    removeAllSync(place);
    symlinkSync(target, place);
  }
}

/** A folder or file of this machine that the root shows at a path. */
export interface RootBind {
  source: string;
  target: string;
  isReadOnly: boolean;
}

/**
 * Makes the mounts, then becomes the command: `$1` says what to mount, line by line. An overlay that cannot be written
 * to (the state folder is on one itself, as in a container) is one that is only seen, but for the folders in it that are
 * the image's alone.
 */
const ENTER = `set -e
root=$1 mount=$2 plan=$3 unshare=$4 seen=
shift 4
"$mount" --bind "$root" "$root"
while IFS='	' read -r kind source target options; do
  case $kind in
    overlay) "$mount" -t overlay overlay -o "$options" "$root$target" 2>/dev/null || {
        seen="$seen $target/"
        "$mount" --bind "$root$target" "$root.work$target"
        "$mount" -t overlay overlay -o "$source" "$root$target"
      } ;;
    own) case $seen in *" $options/"*) "$mount" --bind "$root.work$target" "$root$target" ;; esac ;;
    bind) "$mount" --rbind "$source" "$root$target" ;;
    readonly) "$mount" --rbind "$source" "$root$target"; "$mount" -o remount,bind,ro "$root$target" 2>/dev/null || : ;;
  esac
done < "$plan"
umask 022
exec "$unshare" "$@"
`;

/** Folders in those of this machine that are the image's alone, the outermost of each. */
function ownFolders(tree: ImageTree): string[] {
  const found: string[] = [];
  for (const [path, { kind }] of tree.entries())
    if (kind === 'folder' && isOverlaid(path) && linkOf(path) === undefined) found.push(realPath(path));
  return found.filter((path) => !found.some((other) => path.startsWith(`${other}/`)));
}

export interface RootMounts {
  /** What the image has. */
  tree: ImageTree;
  binds: readonly RootBind[];
  /** Folder of those that lie under this machine's. */
  programs: string;
  entrance: Entrance;
}

/** Lines for the plan of mounts. Null: a path that cannot be written down. */
export function mountPlan(root: StageRoot, { tree, binds, programs, entrance }: RootMounts): string | null {
  const lines: string[][] = OVERLAID.map((name) => {
    const lower = `${join(programs, name)}:/${name}`;
    const more = entrance.user === null ? '' : ',userxattr';
    const upper = join(root.folder, name);
    return [
      'overlay',
      `lowerdir=${upper}:${lower}`,
      `/${name}`,
      `lowerdir=${lower},upperdir=${upper},workdir=${workFolder(root, name)}${more}`,
    ];
  });
  for (const path of ownFolders(tree)) lines.push(['own', '-', path, `/${topOf(path)}`]);
  for (const name of BESIDE_USR)
    if (linkOf(`/${name}`) === null) lines.push(['readonly', `/${name}`, `/${name}`]);
  for (const name of ['dev', 'proc', 'sys']) lines.push(['bind', `/${name}`, `/${name}`]);
  for (const { source, target, isReadOnly } of binds)
    lines.push([isReadOnly ? 'readonly' : 'bind', source, target]);
  const isWritable = lines.every((fields) => fields.every((field) => !/[\t\n]/.test(field)));
  const isMountable = ![root.folder, programs].some((path) => /[,:\\]/.test(path));
  return isWritable && isMountable ? lines.map((fields) => `${fields.join('\t')}\n`).join('') : null;
}

/** The words before a command that make a stage's root its own. */
export function enterRoot(
  { mount, unshare, user }: Entrance,
  { root, plan }: { root: StageRoot; plan: string },
): string[] {
  const outer = user === null ? ['--mount'] : ['--mount', '--map-root-user'];
  const enter = ['/bin/sh', '-c', ENTER, 'sh', root.folder, mount, plan, unshare];
  return [unshare, ...outer, ...enter, '--root', root.folder];
}
