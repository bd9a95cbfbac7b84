import { readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { briefly } from '../../../base/io/brief.ts';
import type { ProcessIdentity } from '../../../machine/processes.ts';
import { systemErrorCode } from '../../../errors.ts';
import type { LivePod } from './pod.ts';

/**
 * What the folder of an attempt says about one pod. `<pod>.pid`: somebody runs it, and who (empty: nobody
 * ever will). `<pod>.exit`: how its command ended.
 */
export interface PodRecords {
  claimed: boolean;
  identity: ProcessIdentity | null;
  started_at: Date | null;
  exit: { code: number; at: Date; at_ns: bigint } | null;
}

/**
 * Reads them; `names` is the listing of the folder, so that files that are not there cost nothing. These are a few
 * bytes each, and hundreds of pods may have changed at once: reading them at once takes a fraction of waiting for
 * each.
 */
export function readPodFiles(
  { name, base, identity: known }: Pick<LivePod, 'name' | 'base' | 'identity'>,
  names: ReadonlySet<string>,
): PodRecords {
  const claimed = names.has(`${name}.pid`);
  const nothing = { claimed, identity: null, started_at: null, exit: null };
  if (!claimed) return nothing;
  const pid = known === null ? readIdentity(`${base}.pid`) : null;
  const exit = names.has(`${name}.exit`) ? readExit(`${base}.exit`) : null;
  return { claimed, identity: pid?.identity ?? null, started_at: pid?.at ?? null, exit };
}

function readIdentity(path: string): { identity: ProcessIdentity; at: Date } | null {
  const identity = parseIdentity(readFileSync(path, 'utf8'));
  return identity === null ? null : { identity, at: statSync(path).mtime };
}

/** `<pid> <boot id> <start time>` and a newline; without the newline it is still being written. */
export function parseIdentity(text: string): ProcessIdentity | null {
  const [, pid, boot, start] = /^(\d+) (\S+) (.+)\n$/.exec(text) ?? [];
  if (pid === undefined || boot === undefined || start === undefined) return null;
  return { pid: Number(pid), boot, start };
}

function readExit(path: string): PodRecords['exit'] {
  const code = /^(\d+)\n$/.exec(readFileSync(path, 'utf8'))?.[1];
  if (code === undefined) return null;
  const { mtime, mtimeNs } = statSync(path, { bigint: true });
  return { code: Number(code), at: mtime, at_ns: mtimeNs };
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
