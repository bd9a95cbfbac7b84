import { readdirSync, statSync } from 'node:fs';
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isThereSync } from '../../../base/io/files-sync.ts';
import { run } from '../../../base/io/run.ts';
import { AichorError, systemErrorCode } from '../../../errors.ts';
import type { RunContext } from '../../engine.ts';

/** Larger trees are laid out once per attempt and shared by its pods (contract 8). */
const SHARED_ABOVE_BYTES = 1e9;

/** Where the working copies of an experiment are. */
export function workFolder(directory: string): string {
  return join(directory, 'work');
}

export function sharesWorkdir(bytes: number): boolean {
  return bytes > SHARED_ABOVE_BYTES;
}

/** Folder of a pod's own working copy; large trees are shared by the pods of an attempt. */
export function workCopy(
  context: Pick<RunContext, 'directory' | 'snapshot'>,
  attempt: number,
  pod: string,
): string {
  const shared = sharesWorkdir(context.snapshot.bytes);
  return join(workFolder(context.directory), String(attempt), shared ? 'shared' : pod);
}

/**
 * The folder a pod of an attempt starts in: `builder.context` of its own working copy. Made when it is not
 * there yet; what is there is whole, because a copy gets its name when it is complete.
 *
 * @throws AichorError `repository_invalid` when the context is not a folder of the snapshot; the signal's
 *   reason when it is aborted meanwhile
 */
export async function podFolder(
  context: RunContext,
  { attempt, pod, signal }: { attempt: number; pod: string; signal: AbortSignal },
): Promise<string> {
  const copy = workCopy(context, attempt, pod);
  if (!isFolder(copy)) await context.snapshot.layOut(copy, { signal });
  const folder = join(copy, context.plan.builder.context);
  if (isFolder(folder)) return folder;
  throw new AichorError(
    'repository_invalid',
    `builder.context is ${context.plan.builder.context}, and there is no such folder`,
    {
      hint: 'name a folder of the repository that is not left out by the ignore rules',
    },
  );
}

/** Removes the copies of an attempt, or of all; also what a pod made read-only. */
export async function removeWork(directory: string, attempt?: number): Promise<void> {
  const folder = attempt === undefined ? workFolder(directory) : join(workFolder(directory), String(attempt));
  await removeTree(folder);
}

/** Trees with more in them are removed by a program: file by file it would keep everything else waiting. */
const FEW = 500;

/** Like `rm -rf`, but folders without write permission go too. */
export async function removeTree(folder: string): Promise<void> {
  if (hasMoreThan(FEW, folder) && (await isRemovedByProgram(folder))) return;
  try {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    await makeWritable(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function hasMoreThan(most: number, folder: string): boolean {
  let left = most;
  const isFull = (path: string): boolean =>
    readdirSync(path, { withFileTypes: true }).some(
      (entry) => --left < 0 || (entry.isDirectory() && isFull(join(path, entry.name))),
    );
  try {
    return isFull(folder);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

async function isRemovedByProgram(folder: string): Promise<boolean> {
  const { ok } = await run('rm', ['-rf', '--', folder], { env: process.env });
  return ok && !isThereSync(folder);
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
