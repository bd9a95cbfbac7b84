import { innerPath } from '../manifest/inner-path.ts';
import type { Clone } from '../manifest/manifest.ts';
import { globMatcher } from './glob.ts';
import type { RepositoryPaths } from './paths.ts';

/** The files of a repository with what is in them. */
export interface RepositoryContents extends RepositoryPaths {
  hasFolder(path: string): boolean;
  /** Every file with its bytes. Asked for only where Git LFS is used. */
  files(): Iterable<{ path: string; bytes: number }>;
  read(path: string): Promise<Uint8Array | null>;
}

/** How a repository's files came here. */
export interface Arrival {
  /** What the manifest wants of a commit; null: a directory was taken as it is. */
  clone: Pick<Clone, 'submodules'> | null;
  /** `builder.context`. */
  context: string;
  /** Called between steps of the work: others may run meanwhile. */
  turn?: () => Promise<void>;
}

interface Told {
  code: 'submodules_absent' | 'lfs_contents_absent';
  message: string;
}

/** Longer files are not looked into: people write such a file by hand. */
const LONGEST = 256 << 10;

/**
 * What stands for contents that are elsewhere: submodules that are not checked out, pointers of Git LFS. The program would
 * find nothing there, or 130 bytes instead of a model.
 */
export async function absentContents(repository: RepositoryContents, origin: Arrival): Promise<Told[]> {
  const submodules = await absentSubmodules(repository, origin);
  const pointers = await lfsPointers(repository, origin);
  return [
    ...(submodules.length === 0 ? [] : [submodulesNotice(submodules, origin)]),
    ...(pointers.paths.length === 0 ? [] : [pointersNotice(pointers, origin)]),
  ];
}

/** Paths that a `.gitmodules` names. */
export function submodulePaths(text: string): string[] {
  return [...text.matchAll(/^[ \t]*path[ \t]*=[ \t]*(.+?)[ \t\r]*$/gim)].flatMap(([, path = '']) => {
    const inner = innerPath('.', path.replace(/^"(.*)"$/, '$1'));
    return inner === null || inner === '.' ? [] : [inner];
  });
}

/** Those of a submodule that is there too. */
async function absentSubmodules(repository: RepositoryContents, { clone }: Arrival): Promise<string[]> {
  if (!repository.has('.gitmodules')) return [];
  const own = await readText(repository, '.aichorignore');
  const files = repository.list();
  /** A folder is left by Git where one is; without it, it was left out on purpose, or is no longer one. */
  const isMeant = (path: string) =>
    repository.hasFolder(path) || (clone === null && !own.includes(path.split('/').at(-1) ?? ''));
  const absent: string[] = [];
  const open = [''];
  for (let prefix = open.pop(); prefix !== undefined; prefix = open.pop()) {
    for (const inner of submodulePaths(await readText(repository, `${prefix}.gitmodules`))) {
      const path = prefix + inner;
      if (files.some((each) => each.startsWith(`${path}/`))) open.push(`${path}/`);
      else if (isMeant(path)) absent.push(path);
    }
  }
  return [...new Set(absent)].sort();
}

/** The patterns of a `.gitattributes` whose files Git LFS keeps elsewhere; macros are followed. */
export function lfsPatterns(text: string): string[] {
  const macros = new Set(['filter=lfs']);
  const patterns: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, quoted, plain, rest = ''] = /^\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))\s+(.*)$/.exec(line) ?? [];
    const pattern = quoted?.replace(/\\(.)/g, '$1') ?? plain;
    if (pattern === undefined || pattern.startsWith('#')) continue;
    if (!rest.split(/\s+/).some((word) => macros.has(word))) continue;
    if (pattern.startsWith('[attr]')) macros.add(pattern.slice('[attr]'.length));
    else patterns.push(pattern);
  }
  return patterns;
}

const POINTER = 'version https://git-lfs.github.com/spec/v1\n';
/** By its specification a pointer is shorter. */
const LONGEST_POINTER = 1024;
/** So many are looked into, and so many patterns followed. */
const MOST_FILES = 1000;
const MOST_PATTERNS = 200;

interface Pointers {
  paths: string[];
  /** Not all were looked into. */
  isAtLeast: boolean;
}

async function lfsPointers(repository: RepositoryContents, { context, turn }: Arrival): Promise<Pointers> {
  const fits: ((path: string) => boolean)[] = [];
  for (const folder of foldersDownTo(context)) {
    const patterns = lfsPatterns(await readText(repository, `${folder}.gitattributes`));
    fits.push(...patterns.map((pattern) => globMatcher(fromRoot(pattern, folder))));
  }
  const paths: string[] = [];
  if (fits.length === 0) return { paths, isAtLeast: false };
  let looked = 0;
  for (const { path, bytes } of repository.files()) {
    await turn?.();
    if (bytes < POINTER.length || bytes >= LONGEST_POINTER) continue;
    if (!fits.slice(0, MOST_PATTERNS).some((fit) => fit(path))) continue;
    if (looked++ === MOST_FILES) return { paths, isAtLeast: true };
    if ((await readText(repository, path)).startsWith(POINTER)) paths.push(path);
  }
  return { paths, isAtLeast: false };
}

/** Folders in which attributes are looked for: the root, and those on the way to the context. */
function foldersDownTo(context: string): string[] {
  const parts = context === '.' ? [] : context.split('/');
  return ['', ...parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`)];
}

/** Without a slash a pattern is about names anywhere below. `[[:space:]]` is how `git lfs track` writes a blank. */
function fromRoot(pattern: string, folder: string): string {
  const plain = pattern.replaceAll('[[:space:]]', '?');
  return folder + (plain.includes('/') ? plain.replace(/^\//, '') : `**/${plain}`);
}

async function readText(repository: RepositoryContents, path: string): Promise<string> {
  const content = repository.has(path) ? await repository.read(path) : null;
  return content === null || content.length > LONGEST ? '' : new TextDecoder().decode(content);
}

function submodulesNotice(paths: readonly string[], { clone }: Arrival): Told {
  const [are, they] = paths.length === 1 ? ['is a submodule', 'it'] : ['are submodules', 'they'];
  const named = `${listed(paths)} ${are}`;
  const message =
    clone === null
      ? `${named} of which nothing is here; bring ${they === 'it' ? 'it' : 'them'} with: git submodule update --init --recursive`
      : `${named}, and ${they} did not come with the commit; in the manifest write ${cureOf(clone)}`;
  return { code: 'submodules_absent', message };
}

function cureOf({ submodules }: Pick<Clone, 'submodules'>): string {
  return `clone: {includeDotGit: true, submodules: "${submodules === 'false' ? 'true' : 'recursive'}"}`;
}

function pointersNotice({ paths, isAtLeast }: Pointers, { clone }: Arrival): Told {
  const one = paths.length === 1 && !isAtLeast;
  const number = isAtLeast ? `at least ${paths.length}` : String(paths.length);
  const what = one
    ? `${paths[0]} is a pointer of Git LFS, not what it stands for`
    : `${number} files are pointers of Git LFS, not what they stand for: ${listed(paths)}`;
  const cure =
    clone === null
      ? `bring ${one ? 'it' : 'them'} with: git lfs pull`
      : "with a commit they come where git-lfs is installed beside the control plane, on a team's server with the repository of a project; else submit the directory, after git lfs pull";
  return { code: 'lfs_contents_absent', message: `${what}; ${cure}` };
}

/** The first ones, and how many more. */
function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, 3);
  const more = paths.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
