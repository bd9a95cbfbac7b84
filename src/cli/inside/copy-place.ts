import { posix } from 'node:path';
import { formatBytes } from '../../base/text/bytes.ts';
import { AichorError } from '../../errors.ts';

/** A path in a pod, as a command names it: `ID:POD:PATH`, `ID::PATH` for the first pod that runs. */
export interface PodPath {
  ref: string;
  /** Undefined: the first that runs. */
  pod: string | undefined;
  path: string;
}

/** What is copied, and where to: one of them is in a pod. */
export type Copying = { from: PodPath; to: string } | { from: string; to: PodPath };

/** Throws AichorError `usage` when none of them is in a pod, or both are. */
export function copying(source: string, destination: string): Copying {
  const [from, to] = [podPath(source), podPath(destination)];
  if (from !== null && to === null) return { from, to: destination };
  if (from === null && to !== null) return { from: source, to };
  const why = from === null ? 'neither is in a pod' : 'both are in pods';
  throw new AichorError('usage', `of SOURCE and DESTINATION one is in a pod: ${why}`, {
    hint: 'a path in a pod is ID:POD:PATH, or ID::PATH for its first pod; one of this machine that looks so begins with ./',
  });
}

/** Null: a path of this machine. */
function podPath(word: string): PodPath | null {
  const [, ref = '', pod = '', path = ''] =
    /^([0-9a-fA-F-]{3,36}|latest):([a-z0-9-]*):(.*)$/s.exec(word) ?? [];
  if (ref === '') return null;
  return { ref, pod: pod === '' ? undefined : pod, path: path === '' ? '.' : path };
}

/** What is at a path is called there; null: it is a folder that says no name (`.`, `/`, `..`). */
export function nameOf(path: string): string | null {
  const name = posix.basename(path);
  return name === '' || name === '.' || name === '..' ? null : name;
}

/** How far a copy is, for people. A total that was passed was none. */
export function copiedSoFar(bytes: number, all: number | null): string {
  return `${formatBytes(bytes)}${all === null || all < bytes ? '' : ` of ${formatBytes(all)}`} copied`;
}
