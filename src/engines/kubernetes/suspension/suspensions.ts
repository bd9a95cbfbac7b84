import type { AttemptMemory, Suspension } from '../status/model.ts';

/** Every suspension that is known, of all workloads, oldest first. */
export function allSuspensions({ suspensions }: Pick<AttemptMemory, 'suspensions'>): Suspension[] {
  return Object.values(suspensions)
    .flat()
    .toSorted((a, b) => a.attempt - b.attempt);
}

export function suspensionsOf(
  { suspensions }: Pick<AttemptMemory, 'suspensions'>,
  uid: string | undefined,
): readonly Suspension[] {
  return suspensions[uid ?? ''] ?? [];
}

/** How many of them had begun when something was created (ISO 8601). */
export function suspendedBefore(known: readonly Suspension[], createdAt: string | null): number {
  return known.filter(({ after }) => createdAt !== null && Date.parse(createdAt) > Date.parse(after)).length;
}

/** Attempts up to this one that count against the restarts. */
export function triesUntil(attempt: number, suspensions: readonly Suspension[]): number {
  return attempt - suspensions.filter((each) => each.attempt < attempt).length;
}

/** Milliseconds in which nothing ran because it was suspended. */
export function suspendedMs(suspensions: readonly Suspension[], now: Date): number {
  const lengths = suspensions.map(({ from, until }) => {
    const end = until === null ? now.getTime() : Date.parse(until);
    return Math.max(0, end - Date.parse(from));
  });
  return lengths.reduce((sum, length) => sum + length, 0);
}

/** With those of a workload as they are known now. */
export function withSuspensions(
  memory: AttemptMemory,
  uid: string | undefined,
  known: readonly Suspension[],
): AttemptMemory {
  if (uid === undefined || known.length === 0) return memory;
  return { ...memory, suspensions: { ...memory.suspensions, [uid]: known } };
}
