import { counted } from '../../base/text/plural.ts';
import type { IndexRecord } from '../index-record.ts';
import type { LogSource } from '../line.ts';
import type { SourceTable } from './sources.ts';

/** What of a log is lost or altered: what its table of sources says, and what readers came upon since it was opened. */
export interface DamageFound {
  /** The file does not hold what was written for this record. */
  add(record: IndexRecord): void;
  /** In words. */
  told(): string[];
}

/** Ranges that are told; a file that is damaged as a whole has very many. */
const MOST = 5;

/**
 * @param ranges what was found of this log before, by first line; what is found is put into it
 * @param found that something was
 */
export function createDamageFound(
  sources: Pick<SourceTable, 'list' | 'damage'>,
  { ranges, found }: { ranges: Map<number, DamagedRange>; found: () => void },
): DamageFound {
  return {
    add({ first, source, offset, length, lines }) {
      found();
      ranges.set(first, { first, last: first + lines - 1, source, from: offset, to: offset + length });
    },
    told() {
      const joined = joinRanges([...ranges.values()]);
      const words = joined.slice(0, MOST).map((range) => inWords(range, sources.list[range.source]));
      const more = joined.length - words.length;
      return [...sources.damage, ...words, ...(more > 0 ? [`and ${counted(more, 'range')} more`] : [])];
    },
  };
}

/** Lines of a log, and the bytes of a source that they were. */
export interface DamagedRange {
  first: number;
  last: number;
  source: number;
  from: number;
  to: number;
}

/** Neighbours in a file as one. */
function joinRanges(ranges: readonly DamagedRange[]): DamagedRange[] {
  const joined: DamagedRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.source - b.source || a.from - b.from)) {
    const before = joined.at(-1);
    if (before?.source === range.source && before.to === range.from) {
      before.last = range.last;
      before.to = range.to;
    } else joined.push({ ...range });
  }
  return joined;
}

function inWords({ first, last, from, to }: DamagedRange, source: LogSource | undefined): string {
  const lines = first >= last ? `line ${first}` : `lines ${first} to ${last}`;
  return `what ${whoOf(source)} printed is damaged from byte ${from} to ${to} (${lines}): its file does not hold what was written there`;
}

/** `worker-0-0 (stdout)`. */
export function whoOf(source: LogSource | undefined): string {
  const who = source?.pod ?? `step ${source?.step}`;
  return source?.stream == null ? who : `${who} (${source.stream})`;
}
