import type { Stage } from '../stage.ts';
import { matching } from '../tree/copy-files.ts';
import { imagePath } from '../tree/image-path.ts';
import { FILE_MODE, FOLDER_MODE, type ImageTree, type TreeNode } from '../tree/image-tree.ts';
import { readMode } from '../tree/mode.ts';
import { visibleTree } from './mounted.ts';
import type { RunMount } from './request.ts';
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

/** The files of a stage as the commands of one RUN find and change them. */
export class ShellFiles {
  readonly changes: [string, TreeNode | null][] = [];
  folder: string;
  #tree: ImageTree;
  #isOwn: boolean;

  constructor({ tree, folder }: Pick<Stage, 'tree' | 'folder'>, mounts: readonly RunMount[]) {
    this.folder = folder;
    this.#isOwn = mounts.length > 0;
    this.#tree = this.#isOwn ? visibleTree(tree, mounts) : tree;
  }

  /** Names of files that a pattern finds; one that finds none stays as it is. */
  glob({ text, isPattern }: Field): string[] {
    if (!isPattern) return [text];
    const path = imagePath(this.folder, text);
    const found = matching(this.#tree, path).filter((each) => isShown(each, path));
    if (found.length === 0) return OF_THE_IMAGE.test(path) ? [] : [text];
    if (text.startsWith('/')) return found;
    if (text.includes('../')) throw new NeedsShell(text);
    const base = this.folder === '/' ? '/' : `${this.folder}/`;
    return found.map((each) => (text.startsWith('./') ? './' : '') + each.slice(base.length));
  }

  enter(path: string): void {
    this.folder = this.#tree.follow(imagePath(this.folder, path));
  }

  isThere(path: string): boolean {
    return this.#tree.has(this.#tree.follow(path));
  }

  /** `[ … ]`: texts, numbers, and files of the image. */
  test(words: readonly string[]): boolean {
    if (words[0] === '!') return !this.test(words.slice(1));
    const [a = '', how = '', b] = words;
    if (words.length === 1) return a !== '';
    if (words.length === 3 && /^(?:=|==)$/.test(how)) return a === b;
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
    if (node === undefined && OF_THE_IMAGE.test(path)) throw new NeedsShell(`[ ${a} ${how} ]`);
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
    const operands = rest.filter((word) => !word.startsWith('-'));
    const paths = operands.map((word) => imagePath(this.folder, word));
    if (name === 'mkdir') {
      if (rest.some((word) => word.startsWith('-') && !/^-[pv]+$/.test(word))) throw new NeedsShell('mkdir');
      for (const path of paths)
        if (!this.#tree.isFolder(this.#tree.follow(path)))
          this.#change(path, { kind: 'folder', mode: FOLDER_MODE });
      return 'success';
    }
    if (name === 'rm' || name === 'rmdir') {
      for (const path of paths.map((each) => this.#tree.followParent(each)))
        if (this.#tree.has(path)) this.#change(path, null);
      return 'success';
    }
    if (name === 'touch') {
      for (const path of paths)
        if (!this.#tree.has(this.#tree.follow(path))) this.#write({ path, appends: false }, '');
      return 'success';
    }
    if (name === 'chmod') return this.#chmod(rest);
    if (/^(?:ls|cat|pwd|printf)$/.test(name)) return 'presumed';
    return null;
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
