import type { PodRecord } from '../../experiment/record.ts';
import { peakMemory } from '../../metrics/usage.ts';

/** What pods can be sorted by. */
export const POD_COLUMNS = ['pod', 'rank', 'node', 'status', 'exit', 'restarts', 'duration', 'peak'] as const;
export type PodColumn = (typeof POD_COLUMNS)[number];

export interface PodOrder {
  by: PodColumn;
  isDescending: boolean;
}

/** Failed ones first, then what runs: what somebody looks for among 500. */
const STATUS_ORDER: readonly PodRecord['status'][] = ['Failed', 'Running', 'Pending', 'Stopped', 'Succeeded'];

/** @param now milliseconds since 1970 */
export function sortedPods(
  pods: readonly PodRecord[],
  { by, isDescending }: PodOrder,
  now: number,
): PodRecord[] {
  const sign = isDescending ? -1 : 1;
  const keyed = pods.map((pod) => ({ pod, key: keyOf(pod, by, now) }));
  keyed.sort((a, b) => compare(a.key, b.key, sign) || a.pod.rank - b.pod.rank);
  return keyed.map(({ pod }) => pod);
}

type Key = number | string | null;

function keyOf(pod: PodRecord, by: PodColumn, now: number): Key {
  switch (by) {
    case 'pod':
      return pod.pod;
    case 'rank':
      return pod.rank;
    case 'status':
      return STATUS_ORDER.indexOf(pod.status);
    case 'exit':
      return pod.exit_code;
    case 'node':
      return pod.node;
    case 'restarts':
      return pod.attempt;
    case 'duration':
      return podSeconds(pod, now);
    case 'peak':
      return peakMemory(pod);
  }
}

/** What has no value comes last in either direction. */
function compare(a: Key, b: Key, sign: 1 | -1): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return sign * (typeof a === 'number' && typeof b === 'number' ? a - b : names().compare(`${a}`, `${b}`));
}

/** `worker-2` before `worker-10`. Made once, and late: a browser takes long to make one. */
function names(): Intl.Collator {
  collator ??= new Intl.Collator('en', { numeric: true });
  return collator;
}

let collator: Intl.Collator | null = null;

/** How long it ran, or runs; null: it has not begun. @param now milliseconds since 1970 */
export function podSeconds({ started_at: start, ended_at: end }: PodRecord, now: number): number | null {
  if (start === null) return null;
  return Math.max(0, ((end === null ? now : Date.parse(end)) - Date.parse(start)) / 1000);
}
