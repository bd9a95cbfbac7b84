import type { LogFilter, LogSource } from '../../line.ts';
import type { LogFolder } from '../log-folder.ts';
import { createSelection } from './reader.ts';

/** How much there is of a log now, without any of its lines. */
export interface LogOutline {
  /** Lines that the filter lets through. */
  lines: number;
  /** Sequence of the last line of all. */
  last_sequence: number;
  /** How many of the lines come before the one that was asked for; null: none was. */
  position: number | null;
  /** Everything that lines come from, with how many; whatever the filter is. */
  sources: (LogSource & { lines: number })[];
}

/** @param at a sequence whose place among the lines is to be told */
export async function outlineOf(
  log: LogFolder,
  filter: LogFilter,
  at: number | undefined,
): Promise<LogOutline> {
  const end = log.index.count;
  const last_sequence = log.index.lastSequence;
  const bySource = new Map<number, number>();
  const whole = createSelection(log, {}, { position: 0, from: new Map() });
  for (let batch = await whole.next(end); batch !== null; batch = await whole.next(end))
    for (const { record } of batch)
      bySource.set(record.source, (bySource.get(record.source) ?? 0) + record.lines);
  let lines = 0;
  let before = 0;
  const wanted = createSelection(log, filter, { position: 0, from: new Map() });
  for (let batch = await wanted.next(end); batch !== null; batch = await wanted.next(end)) {
    for (const { record, skip } of batch) {
      lines += record.lines - skip;
      if (at !== undefined) before += Math.max(0, Math.min(record.lines - skip, at - record.first - skip));
    }
  }
  const sources = log.sources.list.map(({ step, pod, attempt, stream, number }) => ({
    step,
    pod,
    attempt,
    stream,
    lines: bySource.get(number) ?? 0,
  }));
  return { lines, last_sequence, position: at === undefined ? null : before, sources };
}
