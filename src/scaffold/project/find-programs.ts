import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Something that a command can run: a script by its path, or a module of a package by `-m`. */
export interface Runnable {
  /** What follows `python`: `train.py`, `-m pkg.train`. */
  target: string;
  /** The file, from the root. */
  path: string;
}

const DEPTH = 4;
const MOST_FILES = 3000;
const MOST_BYTES = 1 << 20;
/** Names of the programs that people start, the usual ones first. */
const USUAL = ['train', 'main', '__main__', 'run', 'app', 'experiment'];
const LEFT_OUT =
  /^(?:\..*|__pycache__|node_modules|venv|env|build|dist|docs?|tests?|site-packages|wandb|mlruns)$/;

/**
 * The programs of a project, the likeliest first: files that say `if __name__ == "__main__"`, and packages' `__main__.py`.
 * A file of a package is run as a module, so that its own imports are found, where Python can find the package: in the
 * root, or in `src/` of a project that is installed.
 */
export function findRunnables(root: string, { isInstalled }: { isInstalled: boolean }): Runnable[] {
  const found = pythonFiles(root).filter((path) => isProgram(root, path));
  return found
    .sort((a, b) => rank(a) - rank(b) || a.length - b.length || (a < b ? -1 : 1))
    .map((path) => ({ path, target: targetOf(root, path, isInstalled) }));
}

function pythonFiles(root: string): string[] {
  const files: string[] = [];
  const visit = (folder: string, depth: number): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (files.length >= MOST_FILES) return;
      if (entry.isDirectory()) {
        if (depth > 0 && !LEFT_OUT.test(entry.name) && !existsSync(join(root, path, 'pyvenv.cfg')))
          visit(path, depth - 1);
      } else if (entry.isFile() && isCandidate(entry.name)) files.push(path);
    }
  };
  visit('', DEPTH);
  return files;
}

function isCandidate(name: string): boolean {
  return name.endsWith('.py') && !/^(?:test_|conftest|setup\.py|noxfile|_version)|_test\.py$/.test(name);
}

function isProgram(root: string, path: string): boolean {
  if (path.endsWith('__main__.py')) return true;
  if (statSync(join(root, path)).size > MOST_BYTES) return false;
  return /^if\s+__name__\s*==\s*["']__main__["']/m.test(readFileSync(join(root, path), 'utf8'));
}

function rank(path: string): number {
  const name = path.slice(path.lastIndexOf('/') + 1, -'.py'.length);
  const usual = USUAL.findIndex((each) => name === each);
  const near = USUAL.findIndex((each) => name.startsWith(each));
  const place = usual >= 0 ? usual : near >= 0 ? USUAL.length + near : 2 * USUAL.length;
  return place * 10 + path.split('/').length;
}

function targetOf(root: string, path: string, isInstalled: boolean): string {
  const parts = path.slice(0, -'.py'.length).split('/');
  const from = parts[0] === 'src' && isInstalled ? 1 : 0;
  const modules = parts.slice(from);
  const folders = modules.slice(0, -1);
  const isPackage = folders.length > 0 && existsSync(join(root, ...parts.slice(0, -1), '__init__.py'));
  const isModule = isPackage && modules.every((part) => /^[A-Za-z_]\w*$/.test(part));
  if (!isModule || (parts[0] === 'src' && from === 0)) return shellWord(path);
  return `-m ${(modules.at(-1) === '__main__' ? folders : modules).join('.')}`;
}

/** As a shell takes it. */
export function shellWord(path: string): string {
  if (/^[\w./@:+=-]+$/.test(path) && !path.startsWith('-')) return path;
  return `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
