import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AichorError, systemErrorCode } from '../errors.ts';
import type { RepositoryTarget } from './target.ts';

/**
 * A new repository on its way to its place: written whole beside it, then moved in by renames. Until `commit` the
 * place is untouched; `discard` takes away everything that was made. All of it is synchronous, so that no signal
 * can come between the renames.
 */
export interface RepositoryStage {
  /** Folder that holds the files for now. */
  folder: string;
  commit(files: readonly string[]): void;
  discard(): void;
}

/** Makes the stage and writes the files into it. Throws AichorError `usage` where nothing can be written. */
export function createStage(target: RepositoryTarget, files: ReadonlyMap<string, string>): RepositoryStage {
  const parent = dirname(target.path);
  const undo = new Undo();
  try {
    makeFolder(parent, undo);
    const folder = mkdtempSync(join(parent, `.${basename(target.path)}-`));
    undo.add(() => rmSync(folder, { recursive: true, force: true }));
    const content = join(folder, 'new');
    for (const [path, text] of files) writeInto(join(content, path), text);
    return {
      folder: content,
      commit: (paths) => {
        guarded(undo, () =>
          target.exists ? moveFiles(folder, target, paths, undo) : renameSync(content, target.path),
        );
        rmSync(folder, { recursive: true, force: true });
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

/** Moves file by file into a folder that exists; what is written over is kept in the stage until the end. */
function moveFiles(stage: string, target: RepositoryTarget, paths: readonly string[], undo: Undo): void {
  for (const path of paths) {
    const place = join(target.path, path);
    makeFolder(dirname(place), undo);
    if (existsSync(place)) {
      const kept = join(stage, 'old', path);
      mkdirSync(dirname(kept), { recursive: true });
      renameSync(place, kept);
      undo.add(() => renameSync(kept, place));
    }
    renameSync(join(stage, 'new', path), place);
    undo.add(() => rmSync(place, { force: true }));
  }
}

function guarded(undo: Undo, action: () => void): void {
  try {
    action();
  } catch (error) {
    undo.run();
    throw error;
  }
}

function makeFolder(path: string, undo: Undo): void {
  const first = mkdirSync(path, { recursive: true });
  if (first !== undefined) undo.add(() => rmSync(first, { recursive: true, force: true }));
}

function writeInto(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { flag: 'wx' });
}

function unwritable(parent: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === undefined) return error;
  return new AichorError('usage', `nothing can be written in ${parent} (${code})`, {
    hint: 'choose another folder, or mend its permissions or its space',
    cause: error,
  });
}
