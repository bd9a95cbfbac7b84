import type { ContainerStateTerminated } from 'kubernetes-types/core/v1.js';
import { isOutOfMemory } from './out-of-memory.ts';

/** Reasons of a container that never came to run. */
const NOT_STARTED: ReadonlySet<string> = new Set([
  'StartError',
  'ContainerCannotRun',
  'ContainerCannotStart',
]);

/** There was no process of it, whatever its code. */
export function wasNotStarted({ reason = '' }: ContainerStateTerminated): boolean {
  return NOT_STARTED.has(reason);
}

/** `ended with code 3`, `ended with code 137 (out of memory)`, `cannot be started: exec: "/x": no such file or directory`. */
export function sayEnd(end: ContainerStateTerminated): string {
  if (wasNotStarted(end)) return `cannot be started: ${(end.message ?? end.reason ?? '').trim()}`;
  return `ended with code ${end.exitCode}${isOutOfMemory(end) ? ' (out of memory)' : ''}`;
}
