import type { Status } from '../experiment/status.ts';
import { isPlace, pointKey, trialKey, type Point } from './point.ts';

/** What a sweep consists of: every point, so many times. */
export interface Shape {
  /** In the order of their indexes, which begin at 1. */
  points: readonly Point[];
  repeat: number;
}

/** One experiment that a sweep asks for. */
export interface Trial {
  point: Point;
  index: number;
  repeat: number;
}

/** Every trial: each point once before any comes again, so that all of them are seen early. */
export function trialsOf({ points, repeat }: Shape): Trial[] {
  return Array.from({ length: repeat }, (_none, round) =>
    points.map((point, at): Trial => ({ point, index: at + 1, repeat: round + 1 })),
  ).flat();
}

/** A sweep with further points and repeats; those that it has keep their indexes. */
export function extended(known: Shape | null, wanted: Shape): { points: Point[]; repeat: number } {
  const points = new Map<string, Point>();
  for (const point of [...(known?.points ?? []), ...wanted.points])
    if (!points.has(pointKey(point))) points.set(pointKey(point), point);
  return { points: [...points.values()], repeat: Math.max(known?.repeat ?? 1, wanted.repeat) };
}

/** The last experiment of each trial, by `trialKey`. `members` oldest first. */
export function lastOfEach<T extends { index: number; repeat: number }>(
  members: readonly T[],
): Map<string, T> {
  return new Map(members.map((member) => [trialKey(member), member]));
}

/** Those of some trials that are to get an experiment: what has none, and, when it is asked for, what has failed. */
export function toBeMade(
  trials: readonly Trial[],
  last: ReadonlyMap<string, { status: Status }>,
  rerun: 'missing' | 'failed',
): Trial[] {
  return trials.filter((trial) => {
    const status = last.get(trialKey(trial))?.status;
    return status === undefined || (rerun === 'failed' && (status === 'Failed' || status === 'Cancelled'));
  });
}

/** A point as what an experiment is given: variables, and changes of its manifest (`spec.types.worker.count=4`). */
export function givenBy(point: Point): { env: Record<string, string>; set: string[] } {
  const entries = Object.entries(point);
  return {
    env: Object.fromEntries(entries.filter(([name]) => !isPlace(name))),
    set: entries.filter(([name]) => isPlace(name)).map(([place, value]) => `${place}=${value}`),
  };
}
