import { roomOn } from '../../base/io/reserve.ts';
import { formatBytes } from '../../base/text/bytes.ts';
import { bytesBelow } from '../../base/io/disk/bytes-below.ts';
import type { Folders } from '../process/folders.ts';

/** With less than this part of the disk (of a large one, these bytes) nothing is started. */
const FULL = { part: 0.01, bytes: 1e9 };

export const MAKES_ROOM =
  'aichor experiments prune --outputs, or aichor experiments delete ID --outputs, makes some';

/** Why nothing is started on this machine now, in words; null: there is room. */
export function lackOfRoom({ data }: Pick<Folders, 'data'>): string | null {
  const { free } = roomOn(data);
  if (roomLeft(data) >= 0) return null;
  return `waits for room: the disk of ${data} is full (${formatBytes(free)} left); ${MAKES_ROOM}`;
}

/** Bytes that may come to a folder's disk before nothing is started there for want of room; below 0 when that is so already. */
export function roomLeft(folder: string): number {
  const { free, total } = roomOn(folder);
  return free - Math.min(total * FULL.part, FULL.bytes);
}

/** What takes the most room of what the control plane and experiments keep, the largest first. */
export async function whatFills(folders: Folders): Promise<string> {
  const { data, outputs, experiments, environments, repositories } = folders;
  const { free } = roomOn(data);
  const parts = await Promise.all(
    [
      ['outputs', bytesBelow(outputs)],
      ['logs', bytesBelow(experiments, 'logs')],
      ['working copies', bytesBelow(experiments, 'engine')],
      ['Python environments', bytesBelow(environments)],
      ['clones of repositories', bytesBelow(repositories)],
    ].map(async ([what, bytes]) => ({ what: String(what), bytes: Number(await bytes) })),
  );
  const largest = parts.toSorted((a, b) => b.bytes - a.bytes).filter(({ bytes }) => bytes > 0);
  const named = largest.slice(0, 2).map(({ what, bytes }) => `${what} ${formatBytes(bytes)}`);
  return `the disk of ${data} has ${formatBytes(free)} left: ${named.join(', ') || 'nothing of it is ours'}; ${MAKES_ROOM}`;
}
