import { readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { briefly } from '../../../base/io/brief.ts';
import type { ProcessIdentity } from '../../../machine/processes.ts';
import { systemErrorCode } from '../../../errors.ts';
import type { LivePod } from './pod.ts';

/**
 * What the folder of an attempt says about one pod. `<pod>.pid`: somebody runs it, and who (empty: nobody
 * ever will). `<pod>.exit`: how its command ended; empty, or not there, where the disk had no room: then the second line
 * of `<pod>.pid` says it.
 */
export interface PodRecords {
  claimed: boolean;
  identity: ProcessIdentity | null;
  started_at: Date | null;
  exit: { code: number; at: Date; at_ns: bigint } | null;
  /** Its command has ended, and how is not written yet: there is no room, or it is just about to be. */
  exit_waits: boolean;
}

/**
 * Reads them; `names` is the listing of the folder, so that files that are not there cost nothing. These are a few
 * bytes each, and hundreds of pods may have changed at once: reading them at once takes a fraction of waiting for
 * each.
 *
 * @param isGone nothing of it lives any more: what it had to say is written
 */
export function readPodFiles(
  { name, base, identity: known }: Pick<LivePod, 'name' | 'base' | 'identity'>,
  names: ReadonlySet<string>,
  isGone = false,
): PodRecords {
  const claimed = names.has(`${name}.pid`);
  const nothing = { claimed, identity: null, started_at: null, exit: null, exit_waits: false };
  if (!claimed) return nothing;
  const hasEnded = names.has(`${name}.exit`);
  const written = hasEnded ? readExit(`${base}.exit`) : null;
  const needsPid = known === null || (written === null && (hasEnded || isGone));
  const pid = needsPid ? readPid(`${base}.pid`) : null;
  const exit = written ?? pid?.exit ?? null;
  const began = known === null ? pid?.began : null;
  const exit_waits = hasEnded && exit === null;
  return { claimed, identity: began?.identity ?? null, started_at: began?.at ?? null, exit, exit_waits };
}

interface PidFile {
  began: { identity: ProcessIdentity; at: Date } | null;
  exit: PodRecords['exit'];
}

function readPid(path: string): PidFile {
  const [first = '', second = ''] = linesOf(readFileSync(path, 'utf8'));
  const identity = parseIdentity(first);
  const code = parseCode(second);
  if (identity === null) return { began: null, exit: null };
  const { mtime, mtimeNs, birthtime } = statSync(path, { bigint: true });
  if (code === null) return { began: { identity, at: mtime }, exit: null };
  // Where files have no time of birth, it is that of the last change.
  return { began: { identity, at: birthtime }, exit: { code, at: mtime, at_ns: mtimeNs } };
}

/** Lines with their newlines; one without is still being written. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n/g) ?? [];
}

/** `<pid> <boot id> <start time>` and a newline; without the newline it is still being written. */
export function parseIdentity(text: string): ProcessIdentity | null {
  const [, pid, boot, start] = /^(\d+) (\S+) (.+)\n$/.exec(text) ?? [];
  if (pid === undefined || boot === undefined || start === undefined) return null;
  return { pid: Number(pid), boot, start };
}

/** A code and a newline. */
function parseCode(line: string): number | null {
  const code = /^(\d+)\n$/.exec(line)?.[1];
  return code === undefined ? null : Number(code);
}

function readExit(path: string): PodRecords['exit'] {
  const code = parseCode(readFileSync(path, 'utf8'));
  if (code === null) return null;
  const { mtime, mtimeNs } = statSync(path, { bigint: true });
  return { code, at: mtime, at_ns: mtimeNs };
}

/** Claims a pod that nobody runs, so that nobody will. False: somebody does. */
export async function claimPod(base: string): Promise<boolean> {
  try {
    await briefly(async () => (await open(`${base}.pid`, 'wx', 0o600)).close());
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}
