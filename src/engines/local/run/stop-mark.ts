import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDiskFull } from '../../../base/io/disk-full.ts';
import { readIfThere } from '../../../base/io/files.ts';
import { place } from '../../../base/io/place.ts';
import { REASONS } from '../../../experiment/status.ts';
import type { Explanation } from '../../../experiment/failure/explain.ts';

/**
 * Why an attempt is being ended, written before its first pod is told: whatever dies after that, the same end is
 * reached for the same reason. What a pod did before the mark it did by itself.
 */
export interface StopMark {
  /** `done`: a Ray cluster whose command has succeeded. */
  cause: 'restart' | 'fail' | 'deadline' | 'cancel' | 'done';
  /** What it tells users; null for restart, cancel and done. */
  failure: Explanation | null;
  /** Seconds since boot: the grace counts from here. */
  uptime: number;
  boot: string;
}

export interface PlacedMark extends StopMark {
  /** When, as the file system says it, to compare with the pods' exits. */
  at_ns: bigint;
}

const NAME = 'stop.json';

/** On a full disk it is known to this process only: what fills the disk has to be ended before anything can be written. */
export async function placeMark(folder: string, mark: StopMark): Promise<PlacedMark> {
  try {
    await place(join(folder, NAME), JSON.stringify(mark));
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return { ...mark, at_ns: BigInt(Date.now()) * 1_000_000n };
  }
  const placed = await readMark(folder);
  if (placed === null) throw new Error(`${join(folder, NAME)} is gone right after it was written`);
  return placed;
}

export async function readMark(folder: string): Promise<PlacedMark | null> {
  const path = join(folder, NAME);
  const text = await readIfThere(path);
  if (text === null) return null;
  return { ...parseMark(JSON.parse(text)), at_ns: (await stat(path, { bigint: true })).mtimeNs };
}

function parseMark(value: unknown): StopMark {
  const mark = value as StopMark;
  const known = ['restart', 'fail', 'deadline', 'cancel', 'done'].includes(mark.cause);
  const reasonKnown = mark.failure === null || REASONS.includes(mark.failure.reason);
  if (!known || !reasonKnown || typeof mark.uptime !== 'number')
    throw new Error(`${NAME} holds ${JSON.stringify(value)}`);
  return mark;
}
