import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

/** Folders that are gone when the file's tests are done. */
export function temporaryFolders(): () => string {
  const made: string[] = [];
  afterAll(() => {
    for (const folder of made) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'aichor-tree-'));
    made.push(folder);
    return folder;
  };
}

/** Content of a file, `-> target` for a link, `#!` at the start for an executable file; a path ending in `/` is an empty folder. */
export function writeTree(root: string, tree: Record<string, string>): string {
  for (const [path, content] of Object.entries(tree)) {
    const absolute = join(root, path);
    mkdirSync(path.endsWith('/') ? absolute : dirname(absolute), { recursive: true });
    if (path.endsWith('/')) continue;
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), absolute);
    else writeFileSync(absolute, content);
    if (content.startsWith('#!')) chmodSync(absolute, 0o755);
  }
  return root;
}

/** Git with the settings of nobody. */
export function git(directory: string, args: readonly string[], input?: string): string {
  const env = { PATH: process.env['PATH'], HOME: join(directory, 'no-home'), GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', args, {
    cwd: directory,
    env,
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}
