import type { IndexRecord } from './index-record.ts';
import type { LogFilter, LogSource } from './line.ts';

/** The group of a pod `<group>-<job index>-<pod index>`: the type it has in the manifest. */
export function typeOfPod(pod: string): string {
  return pod.replace(/-\d+-\d+$/, '');
}

/** Whether any line of this source can be wanted. */
export function wantsSource(filter: LogFilter, source: LogSource): boolean {
  if (filter.pod !== undefined && source.pod !== filter.pod) return false;
  if (filter.type !== undefined && (source.pod === null || typeOfPod(source.pod) !== filter.type))
    return false;
  if (filter.step !== undefined && source.step !== filter.step) return false;
  return filter.attempt === undefined || source.attempt === filter.attempt;
}

/** What `tail` counts by: the pod; before `run` the step. */
export function tailGroup(source: LogSource): string {
  return source.pod ?? `(${source.step})`;
}

/** Counts lines from the end of a log backwards, until each group has its last `tail` ones. */
export interface TailCount {
  /** Lines that each group still lacks; groups that have enough are gone. */
  missing: Map<string, number>;
  /** Sequence of the first wanted line of each group that has enough. */
  from: Map<string, number>;
}

export function startTailCount(tail: number, groups: Iterable<string>, end: number): TailCount {
  const names = new Set(groups);
  if (tail > 0) return { missing: new Map([...names].map((group) => [group, tail])), from: new Map() };
  return { missing: new Map(), from: new Map([...names].map((group) => [group, end + 1])) };
}

/** One more record, seen from the end; `end` is the sequence at which counting starts. Changes `count`. */
export function countBack(count: TailCount, group: string, record: IndexRecord, end: number): void {
  const missing = count.missing.get(group);
  const lines = Math.min(record.lines, end + 1 - record.first);
  if (missing === undefined || lines <= 0) return;
  if (lines < missing) {
    count.missing.set(group, missing - lines);
    return;
  }
  count.missing.delete(group);
  count.from.set(group, record.first + lines - missing);
}

/** Which lines are wanted, by number (from the larger of `after + 1` and `from`, up to `before`) and by time in milliseconds. */
export interface WantedLines {
  after: number;
  before: number;
  since: number;
  until: number;
  from: number;
}

/** The wanted lines of a record: how many at its start are not, and the record up to the last that is. Null: none is. */
export function wantedOf(
  record: IndexRecord,
  wanted: WantedLines,
): { record: IndexRecord; skip: number } | null {
  if (record.time < wanted.since || record.time >= wanted.until) return null;
  const skip = Math.max(0, wanted.after + 1 - record.first, wanted.from - record.first);
  const lines = Math.min(record.lines, wanted.before - record.first);
  if (skip >= lines) return null;
  return { record: lines === record.lines ? record : { ...record, lines }, skip };
}
