import { hash } from 'node:crypto';
import { lstatSync, readdirSync, readlinkSync, type Dirent } from 'node:fs';
import { isAbsent } from '../../../base/io/files-sync.ts';
import { AichorError, systemErrorCode } from '../../../errors.ts';
import type { FolderEntry, LinkEntry } from '../../listing/listing.ts';
import { readOptional } from '../selection/git-rules.ts';
import {
  builtIn,
  decidingLine,
  ENVIRONMENT_FILE,
  isIgnored,
  isTakenBack,
  withRules,
  type DecidingLine,
  type Rules,
} from '../selection/rules.ts';
import { RULE_FILE, type TreeSelection } from '../selection/selection.ts';
import { looksOf } from './look.ts';
import type { Looks, SeenFolder } from './record.ts';
import { createTurns } from '../../../base/async/turns.ts';

/** A regular file as `lstat` saw it. Times are milliseconds with fractions (about 250 ns apart). */
export interface FoundFile {
  path: string;
  executable: boolean;
  bytes: number;
  mtimeMs: number;
  ctimeMs: number;
  inode: number;
}

/** What a walk finds; the entries in no particular order. */
export interface Tree {
  files: FoundFile[];
  links: LinkEntry[];
  /** Folders with nothing in them. Those that hold only what is left out are left out too. */
  folders: FolderEntry[];
  notices: { code: string; message: string }[];
  /** What is remembered for the next time, to see whether the tree is still the same. */
  seen: Seen;
}

interface Seen {
  /** Every folder that was looked into. */
  folders: SeenFolder[];
  /** Every `.gitignore` that was read. */
  rules: string[];
  /** Of links. */
  links: Map<string, Looks>;
}

interface Folder {
  /** '' for the root, else with a final `/`. */
  prefix: string;
  rules: Rules;
}

/** Longest path that a listing may hold, in characters. */
const LONGEST_PATH = 4096;

/**
 * Walks a directory and looks at every selected file and link; reads no content. Ignored folders are never
 * entered, links never followed. Throws AichorError `repository_invalid` for what cannot be read.
 */
export async function walk(
  root: string,
  selection: TreeSelection,
  { signal, onLeftOut }: Walking = {},
): Promise<Tree> {
  const tree: Tree = {
    files: [],
    links: [],
    folders: [],
    notices: [],
    seen: { folders: [], rules: [], links: new Map() },
  };
  const pending: Folder[] = [{ prefix: '', rules: selection.rules }];
  const turns = createTurns(signal);
  for (let folder = pending.pop(); folder; folder = pending.pop()) {
    visit(root, folder, { selection, tree, pending, onLeftOut });
    if (turns.isDue()) await turns.take();
  }
  return tree;
}

interface Walking {
  signal?: AbortSignal | undefined;
  /** Told of what is not taken, folders as a whole, with the line that says so. */
  onLeftOut?: ((path: string, by: DecidingLine | null) => void) | undefined;
}

interface Visit extends Pick<Walking, 'onLeftOut'> {
  selection: TreeSelection;
  tree: Tree;
  pending: Folder[];
}

function visit(root: string, folder: Folder, { selection, tree, pending, onLeftOut }: Visit): void {
  const { prefix } = folder;
  // Looked at before it is read: what changes it afterwards shows.
  const stat = lstatSync(`${root}/${prefix}`, { throwIfNoEntry: false });
  const entries = stat ? readFolder(root, prefix, tree) : null;
  if (!stat || entries === null) return;
  tree.seen.folders.push({ prefix, looks: looksOf(stat), names: namesOf(entries) });
  if (entries.length === 0 && prefix !== '') tree.folders.push({ path: prefix.slice(0, -1), kind: 'folder' });
  const rules = selection.nested ? withNested(root, folder, { entries, tree }) : folder.rules;
  if (selection.leavesEnvironments && isEnvironment(folder, entries)) {
    onLeftOut?.(prefix, builtIn(ENVIRONMENT_FILE));
    return;
  }
  for (const entry of entries) {
    const path = prefix + entry.name;
    const isFolder = entry.isDirectory();
    const always = selection.leavesOut(entry.name, isFolder);
    if (always !== null || isIgnored(path, isFolder, rules)) {
      const by = always === null ? decidingLine(path, isFolder, rules) : builtIn(always);
      onLeftOut?.(isFolder ? `${path}/` : path, by);
      continue;
    }
    if (path.length > LONGEST_PATH) tree.notices.push(tooLong(path));
    else if (isFolder) pending.push({ prefix: `${path}/`, rules });
    else addEntry(root, path, tree);
  }
}

/** The root is never one: somebody asked for it. */
function isEnvironment({ prefix, rules }: Folder, entries: readonly Dirent[]): boolean {
  const isOne = prefix !== '' && entries.some(({ name }) => name === ENVIRONMENT_FILE);
  return isOne && !isTakenBack(prefix.slice(0, -1), rules);
}

/** Looks at one path that is no folder and adds it to the tree. What has vanished meanwhile is not there. */
export function addEntry(root: string, path: string, tree: Tree): void {
  const absolute = `${root}/${path}`;
  const stat = attempt(path, () => lstatSync(absolute, { throwIfNoEntry: false }));
  if (!stat) return;
  if (stat.isFile()) {
    const { mode, size, mtimeMs, ctimeMs, ino } = stat;
    tree.files.push({ path, executable: (mode & 0o100) !== 0, bytes: size, mtimeMs, ctimeMs, inode: ino });
  } else if (stat.isSymbolicLink()) {
    const target = attempt(path, () => readlinkSync(absolute, 'buffer'));
    const text = target.toString();
    if (Buffer.from(text).equals(target)) {
      tree.links.push({ path, kind: 'link', target: text });
      tree.seen.links.set(path, looksOf(stat));
    } else tree.notices.push(notText(path, 'points to'));
  } else if (!stat.isDirectory()) {
    const kind = stat.isFIFO() ? 'a FIFO' : stat.isSocket() ? 'a socket' : 'a device';
    tree.notices.push({ code: 'left_out', message: `${JSON.stringify(path)} was left out: it is ${kind}` });
  }
}

/** Names in a folder and what they are, whatever their order: what is taken depends on nothing else in it. */
export function namesOf(entries: readonly Dirent[]): string {
  const names = entries.map((entry) => `${kindOf(entry)}${entry.name}`).sort();
  return hash('sha256', names.join('/'), 'base64');
}

function kindOf(entry: Dirent): string {
  if (entry.isFile()) return 'f';
  if (entry.isDirectory()) return 'd';
  return entry.isSymbolicLink() ? 'l' : 'o';
}

/** Null when it is not there any more, or cannot travel. */
function readFolder(root: string, prefix: string, tree: Tree): Dirent[] | null {
  const absolute = `${root}/${prefix}`;
  try {
    const entries = readdirSync(absolute, { withFileTypes: true });
    return entries.some(({ name }) => name.includes('\uFFFD'))
      ? onlyText(absolute, prefix, entries, tree)
      : entries;
  } catch (error) {
    const code = systemErrorCode(error);
    if (prefix !== '' && isAbsent(error)) return null;
    if (code === 'ENAMETOOLONG') tree.notices.push(tooLong(prefix));
    else throw unreadable(prefix.slice(0, -1) || '.', error);
    return null;
  }
}

/** Names that are not UTF-8 are read with U+FFFD in them: told from names that really have one by their bytes. */
function onlyText(absolute: string, prefix: string, entries: Dirent[], tree: Tree): Dirent[] {
  const names = new Set(readdirSync(absolute, 'buffer').map((name) => name.toString('hex')));
  return entries.filter(({ name }) => {
    if (names.has(Buffer.from(name).toString('hex'))) return true;
    tree.notices.push(notText(prefix + name, 'has'));
    return false;
  });
}

function withNested(
  root: string,
  { prefix, rules }: Folder,
  { entries, tree }: { entries: readonly Dirent[]; tree: Tree },
): Rules {
  // A `.gitignore` that is a link counts for Git no more than for us.
  if (!entries.some((entry) => entry.name === '.gitignore' && entry.isFile())) return rules;
  tree.seen.rules.push(`${prefix}.gitignore`);
  const text = attempt(`${prefix}.gitignore`, () => readOptional(`${root}/${prefix}.gitignore`));
  return text === null
    ? rules
    : withRules(rules, text, {
        file: `${prefix}.gitignore`,
        folder: (rules.prefix + prefix).slice(0, -1),
      });
}

function attempt<T>(path: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** What a system error about a file of the directory means to the user. */
export function unreadable(path: string, cause: unknown): unknown {
  const code = systemErrorCode(cause);
  if (code === undefined) return cause;
  return new AichorError('repository_invalid', `cannot read ${JSON.stringify(path)} (${code})`, {
    hint: `make it readable, or list it in ${RULE_FILE}`,
    cause,
  });
}

function notText(path: string, verb: string): { code: string; message: string } {
  return {
    code: 'left_out',
    message: `${JSON.stringify(path)} was left out: it ${verb} a name that is not UTF-8`,
  };
}

function tooLong(path: string): { code: string; message: string } {
  const start = JSON.stringify(`${path.slice(0, 60)}…`);
  return {
    code: 'left_out',
    message: `${start} was left out: its path has ${path.length} characters, too many to travel`,
  };
}
