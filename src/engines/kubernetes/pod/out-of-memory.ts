import type { ContainerStateTerminated } from 'kubernetes-types/core/v1.js';

/** Of a command that was told to end, and did. */
const TOLD_TO_END = 143;

/**
 * Whether a container ended for want of memory: the kernel's word, as the kubelet passes it on. With cgroup v1, and with v2 where
 * `singleProcessOOMKill` is set, one process is killed and the command may go on; with v2 otherwise all of them are, which is
 * 137. Runtimes know it from a counter that never goes back (`memory.events`): whatever ends after such a kill is called
 * `OOMKilled`, also a command that was told to end much later. That one did not end of it.
 */
export function isOutOfMemory({
  reason,
  exitCode,
}: Pick<ContainerStateTerminated, 'reason' | 'exitCode'>): boolean {
  return reason === 'OOMKilled' && exitCode !== TOLD_TO_END;
}
