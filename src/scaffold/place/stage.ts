import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isThereSync, makeFolderSync, removeAllSync } from '../../base/io/files-sync.ts';
import { AichorError, systemErrorCode } from '../../errors.ts';
import type { RepositoryTarget } from './target.ts';

/**
 * A new repository on its way to its place: written whole beside it, then moved in by renames. Until `commit` the
 * place is untouched; `discard` takes away everything that was made. All of it is synchronous, so that no signal
 * can come between the renames.
 */
export interface RepositoryStage {
  /** Folder that holds the files for now. */
  folder: string;
  /** Moves the files in; what one of them takes the place of stays beside it as `NAME.orig`. Returns those that were set aside. */
  commit(files: readonly string[]): SetAside[];
  discard(): void;
}

/** A file that another one took the place of. */
export interface SetAside {
  /** Relative to the repository. */
  file: string;
  /** Where what it said is kept: `<file>.orig`. */
  kept: string;
}

/** Makes the stage and writes the files into it. Throws AichorError `usage` where nothing can be written. */
export function createStage(target: RepositoryTarget, files: ReadonlyMap<string, string>): RepositoryStage {
  const parent = dirname(target.path);
  const undo = new Undo();
  try {
    makeFolder(parent, undo);
    const folder = mkdtempSync(join(parent, `.${basename(target.path)}-`));
    undo.add(() => removeAllSync(folder));
    const content = join(folder, 'new');
    for (const [path, text] of files) writeInto(join(content, path), text);
    return {
      folder: content,
      commit: (paths) => {
        const aside = guarded(undo, () => {
          if (target.exists) return moveFiles(folder, target, paths, undo);
          renameSync(content, target.path);
          return [];
        });
        removeAllSync(folder);
        return aside;
      },
      discard: () => undo.run(),
    };
  } catch (error) {
    undo.run();
    throw unwritable(parent, error);
  }
}

/** What has to be taken back, the last first. */
class Undo {
  readonly #steps: (() => void)[] = [];

  add(step: () => void): void {
    this.#steps.push(step);
  }

  run(): void {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) step();
  }
}

/** Moves file by file into a folder that exists; what is in the way is renamed. */
function moveFiles(
  stage: string,
  target: RepositoryTarget,
  paths: readonly string[],
  undo: Undo,
): SetAside[] {
  const aside: SetAside[] = [];
  for (const path of paths) {
    const place = join(target.path, path);
    makeFolder(dirname(place), undo);
    if (existsSync(place)) {
      const kept = freeName(target.path, path);
      renameSync(place, join(target.path, kept));
      undo.add(() => renameSync(join(target.path, kept), place));
      aside.push({ file: path, kept });
    }
    renameSync(join(stage, 'new', path), place);
    undo.add(() => rmSync(place, { force: true }));
  }
  return aside;
}

/** `NAME.orig`, or `NAME.orig.2` and so on: what was set aside before is not written over either. */
function freeName(root: string, path: string): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? `${path}.orig` : `${path}.orig.${number}`;
    if (!isThereSync(join(root, name))) return name;
  }
}

function guarded<T>(undo: Undo, action: () => T): T {
  try {
    return action();
  } catch (error) {
    undo.run();
    throw error;
  }
}

function makeFolder(path: string, undo: Undo): void {
  const first = makeFolderSync(path);
  if (first !== null) undo.add(() => removeAllSync(first));
}

function writeInto(path: string, text: string): void {
  makeFolderSync(dirname(path));
  writeFileSync(path, text, { flag: 'wx' });
}

function unwritable(parent: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === undefined) return error;
  return new AichorError('usage', `nothing can be written in ${parent} (${code})`, {
    hint: 'choose another folder, or make it writable, or make room on its disk',
    cause: error,
  });
}
