import type { Stage } from '../stage.ts';
import { matching } from '../tree/copy-files.ts';
import { imagePath } from '../tree/image-path.ts';
import { FILE_MODE, FOLDER_MODE, type ImageTree, type TreeNode } from '../tree/image-tree.ts';
import { readMode } from '../tree/mode.ts';
import { PROJECT_FILES, type InstallCommand } from './install.ts';
import { visibleTree } from './mounted.ts';
import { isFileOption } from './options.ts';
import type { RemovedNodes, RunMount } from './request.ts';
import type { Field } from './shell-expand.ts';
import { NeedsShell } from './shell-syntax.ts';

/** How a command ended: an installer's end is not known beforehand. */
export type CommandOutcome = 'success' | 'failure' | 'presumed';

/** A file that a command's output goes to. */
export interface OutputFile {
  path: string;
  appends: boolean;
}

/** Folders whose contents only an image has. */
const OF_THE_IMAGE = /^\/(?:usr|etc|bin|lib|lib64|sbin|var|proc|sys|dev|run|root|home|opt)(?:\/|$)/;

/** Options that are known of programs. */
const FLAGS: Readonly<Record<string, RegExp>> = {
  mkdir: /^-[pv]+$/,
  rm: /^-[rRfv]+$/,
  rmdir: /^-v$/,
  touch: /^-[am]+$/,
};

/** The files of a stage as the commands of one RUN find and change them. */
export class ShellFiles {
  readonly changes: [string, TreeNode | null][] = [];
  folder: string;
  /** All that lines before it made is known. */
  readonly #isComplete: boolean;
  readonly #isBash: boolean;
  #tree: ImageTree;
  #isOwn: boolean;
  /** What was there and went, in its order. */
  readonly removed: RemovedNodes[] = [];

  constructor(
    { tree, folder, unfollowed }: Pick<Stage, 'tree' | 'folder' | 'unfollowed'>,
    { mounts, isBash }: { mounts: readonly RunMount[]; isBash: boolean },
  ) {
    this.#isBash = isBash;
    this.#isComplete = unfollowed.length === 0;
    this.folder = folder;
    this.#isOwn = mounts.length > 0;
    this.#tree = this.#isOwn ? visibleTree(tree, mounts) : tree;
  }

  /** Names of files that a pattern finds; one that finds none stays as it is. */
  glob({ text, isPattern }: Field): string[] {
    if (!isPattern) return [text];
    if (!this.#isComplete || /\[[!^[]|\/$/.test(text)) throw new NeedsShell(text);
    const path = imagePath(this.folder, text);
    const found = matching(this.#tree, path).filter((each) => isShown(each, path));
    if (found.length === 0) return OF_THE_IMAGE.test(path) ? [] : [text];
    if (text.startsWith('/')) return found;
    if (text.includes('../')) throw new NeedsShell(text);
    const base = this.folder === '/' ? '/' : `${this.folder}/`;
    return found.map((each) => (text.startsWith('./') ? './' : '') + each.slice(base.length));
  }

  /** Goes into a folder; what the base image has is not known. */
  enter(path: string): CommandOutcome {
    const entered = this.#tree.follow(imagePath(this.folder, path));
    const isFolder = this.#tree.isFolder(entered);
    const isOfTheBase = !this.#tree.has(entered.split('/', 2).join('/')) || OF_THE_IMAGE.test(entered);
    if (!isFolder && (!isOfTheBase || this.#tree.has(entered))) throw new NeedsShell(`cd ${path}`);
    this.folder = entered;
    return isFolder ? 'success' : 'presumed';
  }

  /** Files by whose text an install goes, as they are now. */
  inputsOf({ kind, options }: Pick<InstallCommand, 'kind' | 'options'>): Map<string, TreeNode> {
    const named = kind === 'pip' ? options.filter(({ name }) => isFileOption(name)) : [];
    const paths = kind === 'pip' ? named.map(({ value }) => value ?? '') : PROJECT_FILES;
    const found = new Map<string, TreeNode>();
    for (const each of paths) {
      const path = imagePath(this.folder, each);
      const node = this.#tree.get(this.#tree.follow(path));
      if (node?.kind === 'file') found.set(path, node);
    }
    return found;
  }

  isThere(path: string): boolean {
    return this.#tree.has(this.#tree.follow(path));
  }

  /** `[ … ]`: texts, numbers, and files of the image. */
  test(words: readonly string[]): boolean {
    if (words[0] === '!') return !this.test(words.slice(1));
    const [a = '', how = '', b] = words;
    if (words.length === 1) return a !== '';
    if (words.length === 3 && (how === '=' || (how === '==' && this.#isBash))) return a === b;
    if (words.length === 3 && how === '!=') return a !== b;
    if (
      words.length === 3 &&
      /^-(?:eq|ne|lt|le|gt|ge)$/.test(how) &&
      /^-?\d+$/.test(a) &&
      /^-?\d+$/.test(b ?? '')
    )
      return compares(Number(a), how, Number(b));
    if (words.length === 2 && a === '-n') return how !== '';
    if (words.length === 2 && a === '-z') return how === '';
    if (words.length !== 2 || !/^-[efdLh]$/.test(a)) throw new NeedsShell('[');
    const path = imagePath(this.folder, how);
    if (how === '') return false;
    const node = this.#tree.get(/^-[Lh]$/.test(a) ? this.#tree.followParent(path) : this.#tree.follow(path));
    if (node === undefined && (OF_THE_IMAGE.test(path) || !this.#isComplete))
      throw new NeedsShell(`[ ${a} ${how} ]`);
    if (node === undefined) return false;
    return (
      a === '-e' ||
      (a === '-f' && node.kind === 'file') ||
      (a === '-d' && node.kind === 'folder') ||
      (/^-[Lh]$/.test(a) && node.kind === 'link')
    );
  }

  /** `echo`, which may make a file. */
  echo(words: readonly string[], target: OutputFile | null): CommandOutcome {
    if (target === null) return 'success';
    const text = words.join(' ');
    if (/^-[neE]+$/.test(words[0] ?? '') || text.includes('\\')) throw new NeedsShell('echo');
    return this.#write(target, `${text}\n`);
  }

  #write({ path: written, appends }: OutputFile, text: string): CommandOutcome {
    const path = this.#tree.follow(imagePath(this.folder, written));
    const old = this.#tree.get(path);
    if (!this.#tree.isFolder(imagePath(path, '..')) && !OF_THE_IMAGE.test(path)) throw new NeedsShell('>');
    if (old !== undefined && (old.kind !== 'file' || (appends && old.origin.kind !== 'text')))
      throw new NeedsShell('>');
    if (old === undefined && appends && OF_THE_IMAGE.test(path)) throw new NeedsShell('>>');
    const before = appends && old?.kind === 'file' && old.origin.kind === 'text' ? old.origin.text : '';
    const mode = old?.kind === 'file' ? old.mode : FILE_MODE;
    this.#change(path, { kind: 'file', origin: { kind: 'text', text: before + text }, mode });
    return 'success';
  }

  #change(path: string, node: TreeNode | null): void {
    if (!this.#isOwn) this.#tree = this.#tree.clone();
    this.#isOwn = true;
    if (node === null) this.#tree.remove(path);
    else if (node.kind === 'folder') this.#tree.addFolder(path, node.mode);
    else this.#tree.add(path, node);
    this.changes.push([path, node]);
  }

  /** Small changes to files that are there; what it does not know is for a shell. */
  run(name: string, rest: readonly string[]): CommandOutcome | null {
    if (/^(?:mkdir|rm|rmdir|touch)$/.test(name)) {
      const flags = rest.filter((word) => word.startsWith('-'));
      const operands = rest.filter((word) => !word.startsWith('-'));
      if (flags.some((flag) => !FLAGS[name]?.test(flag))) throw new NeedsShell(name);
      if (operands.some((word) => /(?:^|\/)\.{1,2}\/?$|^$/.test(word))) throw new NeedsShell(name);
      const has = (letter: string) => flags.some((flag) => flag.includes(letter));
      const paths = operands.map((word) => imagePath(this.folder, word));
      if (name === 'mkdir') return this.#mkdir(paths, has('p'));
      if (name === 'touch') return this.#touch(paths);
      return this.#remove(paths, {
        isForced: has('f'),
        isDeep: has('r') || has('R'),
        isRmdir: name === 'rmdir',
      });
    }
    if (name === 'chmod') return this.#chmod(rest);
    if (name === 'ls' || name === 'cat') return this.#shown(rest);
    if (name === 'printf') return 'success';
    return null;
  }

  /** `ls`, `cat`: whether there is something to show. */
  #shown(rest: readonly string[]): CommandOutcome {
    const paths = rest.filter((word) => !word.startsWith('-')).map((word) => imagePath(this.folder, word));
    const absent = paths.filter((path) => !this.isThere(path));
    if (absent.some((path) => !OF_THE_IMAGE.test(path))) throw new NeedsShell('ls');
    return absent.length > 0 || rest.some((word) => word.startsWith('-')) ? 'presumed' : 'success';
  }

  #mkdir(paths: readonly string[], isDeep: boolean): CommandOutcome {
    for (const path of paths) {
      const real = this.#tree.follow(path);
      if (this.#tree.isFolder(real) && isDeep) continue;
      if (this.#tree.has(real) || this.#isBelowFile(real)) throw new NeedsShell('mkdir');
      if (!isDeep) this.#needFolderOf(real);
      this.#change(path, { kind: 'folder', mode: FOLDER_MODE });
    }
    return 'success';
  }

  #touch(paths: readonly string[]): CommandOutcome {
    for (const path of paths)
      if (!this.#tree.has(this.#tree.follow(path))) this.#write({ path, appends: false }, '');
    return 'success';
  }

  #remove(
    paths: readonly string[],
    { isForced, isDeep, isRmdir }: { isForced: boolean; isDeep: boolean; isRmdir: boolean },
  ): CommandOutcome {
    let outcome: CommandOutcome = 'success';
    for (const path of paths.map((each) => this.#tree.followParent(each))) {
      const node = this.#tree.get(path);
      if (node === undefined) {
        if (isForced) continue;
        if (!OF_THE_IMAGE.test(path)) throw new NeedsShell('rm');
        outcome = 'presumed';
        continue;
      }
      const isFolder = node.kind === 'folder';
      const isRefused = isRmdir ? !isFolder || !this.#tree.below(path).next().done : isFolder && !isDeep;
      if (isRefused || path === '/') throw new NeedsShell('rm');
      const inner = [...this.#tree.below(path)].map(([each, at]) => [imagePath(path, each), at] as const);
      this.removed.push({ path, nodes: [[path, node], ...inner] });
      this.#change(path, null);
    }
    return outcome;
  }

  /** Something is made in it: it has to be there. */
  #needFolderOf(path: string): void {
    const folder = imagePath(path, '..');
    if (!this.#tree.isFolder(folder) && (this.#tree.has(folder) || !OF_THE_IMAGE.test(path)))
      throw new NeedsShell(path);
  }

  #isBelowFile(path: string): boolean {
    for (let each = imagePath(path, '..'); each !== '/'; each = imagePath(each, '..'))
      if (this.#tree.has(each) && !this.#tree.isFolder(each)) return true;
    return false;
  }

  #chmod(rest: readonly string[]): CommandOutcome {
    const flags = rest.filter((word) => /^-[Rvcf]+$/.test(word));
    const [written = '', ...operands] = rest.filter((word) => !flags.includes(word));
    const mode = readMode(written);
    if (mode === null) throw new NeedsShell('chmod');
    for (const operand of operands) {
      const path = this.#tree.follow(imagePath(this.folder, operand));
      const node = this.#tree.get(path);
      if (node === undefined && OF_THE_IMAGE.test(path)) continue;
      if (node === undefined || node.kind === 'link' || path === '/') throw new NeedsShell('chmod');
      this.#change(path, { ...node, mode: mode(node) });
      if (!flags.some((flag) => flag.includes('R'))) continue;
      for (const [inner, each] of [...this.#tree.below(path)])
        if (each.kind !== 'link') this.#change(imagePath(path, inner), { ...each, mode: mode(each) });
    }
    return 'success';
  }
}

/** A shell's `*` finds no name that begins with a dot. */
function isShown(path: string, pattern: string): boolean {
  const parts = pattern.split('/');
  return path
    .split('/')
    .every((name, index) => !name.startsWith('.') || (parts[index] ?? '').startsWith('.'));
}

function compares(a: number, how: string, b: number): boolean {
  const results: Record<string, boolean> = {
    '-eq': a === b,
    '-ne': a !== b,
    '-lt': a < b,
    '-le': a <= b,
    '-gt': a > b,
    '-ge': a >= b,
  };
  return results[how] ?? false;
}
