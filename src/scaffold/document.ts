import { relative } from 'node:path';
import { shellWord } from './project/find-programs.ts';
import type { WrittenFiles } from './write-files.ts';

/** What `local-repo init` and `manifest init` print. */
export interface InitDocument {
  /** Absolute path of the folder. */
  path: string;
  /** The distribution name. */
  name: string;
  operator: string;
  manifest_path: string;
  /** What was written, relative to `path`. */
  files: string[];
  /** What would have been written, and was there already. */
  kept: string[];
  /** What was there, and stays beside the new file under another name. */
  replaced: { file: string; kept: string }[];
  /** Commands to type now. */
  next: string[];
}

/** What is worth saying of it. */
export function writingNotices({ kept, replaced, lock }: WrittenFiles): string[] {
  const list: string[] = [];
  if (kept.length > 0) list.push(`left as they are: ${kept.join(', ')}`);
  if (replaced.length > 0)
    list.push(`replaced ${replaced.map(({ file, kept: to }) => `${file} (what it said: ${to})`).join(', ')}`);
  if (lock?.kind === 'no-uv') list.push('no uv.lock: uv is not on PATH. Once it is, `uv lock` makes one');
  if (lock?.kind === 'unreachable')
    list.push(
      `no uv.lock: ${lock.host} cannot be reached. Until it can, submit with --python-env and an environment that has the packages; then \`uv lock\` makes one`,
    );
  if (lock?.kind === 'failed')
    list.push(`no uv.lock: ${lock.reason}. Once that is mended, \`uv lock\` makes one`);
  return list;
}

/** The commands that submit a repository for the first time, from the folder `cwd`. */
export function nextSteps(path: string, cwd: string): string[] {
  const submit = 'aichor experiments submit local --message "first run" --follow';
  const there = relative(cwd, path);
  return there === '' ? [submit] : [`cd ${shellWord(there)}`, submit];
}
