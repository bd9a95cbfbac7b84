import type { EventsQuery } from '../../api/told/event-contract.ts';
import { onAbort } from '../../base/async/abort.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentChange } from '../../experiment/told/change.ts';
import { assertLabels, isChangeMeant, type ProjectSight } from '../store/conditions.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { Feed } from '../store/tables/feed.ts';

/** What following changes needs. */
export interface EventReading {
  store: Pick<ExperimentStore, 'feed'>;
}

/** Changes that are read in one turn of the event loop. */
const SLICE = 500;

/**
 * Changes as JSON lines, oldest first. Lines of the stream's own stand between them: `{"at":N}` says that all up to N was
 * looked at, `{"end":N}` that this was all there is, `{"gone":N}` that N is the oldest that is kept, and what was to come
 * next no longer is. Throws AichorError `events_gone` at once for a sequence that cannot be gone on from.
 */
export function events(
  { store: { feed } }: EventReading,
  { since, follow, ...conditions }: EventsQuery & ProjectSight,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const start = startOf(feed, since);
  const isWanted = wanted(conditions);
  return lines({ feed, start, follow, isWanted, signal });
}

function startOf(feed: Feed, since: EventsQuery['since']): number {
  const { oldest, newest } = feed.range();
  if (since === 'now') return newest;
  if (since === undefined) return oldest - 1;
  if (since < oldest - 1) throw gone(since, oldest);
  if (since > newest)
    throw new AichorError('events_gone', `there is no change ${since} here: the latest is ${newest}`, {
      hint: 'the sequence is of another control plane, or a backup was restored; read the records (aichor experiments list), and follow without --since',
    });
  return since;
}

/** What a reader is told who has fallen behind what is kept. */
export function gone(since: number, oldest: number): AichorError {
  return new AichorError(
    'events_gone',
    `changes between ${since} and ${oldest} are no longer kept: the oldest is ${oldest}`,
    {
      hint: `--since ${oldest - 1} goes on from there; aichor experiments list tells how things stand`,
    },
  );
}

type Filter = (change: string) => boolean;

/** Null: all are. */
function wanted({
  kind,
  projects,
  ...conditions
}: Omit<EventsQuery & ProjectSight, 'since' | 'follow'>): Filter | null {
  const { status, label, sweep } = conditions;
  const isNarrow = sweep !== undefined || projects !== undefined;
  if (kind.length + status.length + label.length === 0 && !isNarrow) return null;
  const kinds = new Set<string>(kind);
  // Before the first line: what cannot be asked is refused, and breaks no stream.
  assertLabels(label);
  return (text) => {
    const change: ExperimentChange = JSON.parse(text);
    if (projects?.includes(change.project) === false) return false;
    if (kinds.size > 0 && !kinds.has(change.kind)) return false;
    const name = change.sweep;
    return isChangeMeant({ ...change, sweep: name === null ? null : { name } }, conditions);
  };
}

interface Reading {
  feed: Feed;
  start: number;
  follow: boolean;
  isWanted: Filter | null;
  signal: AbortSignal;
}

async function* lines({ feed, start, follow, isWanted, signal }: Reading): AsyncGenerator<Uint8Array> {
  const bell = createBell(feed, signal);
  let at = start;
  try {
    yield line(`{"at":${at}`);
    while (!signal.aborted) {
      const rows = feed.after(at, SLICE);
      const [first] = rows;
      const last = rows.at(-1);
      if (first === undefined || last === undefined) {
        if (!follow) return yield line(`{"end":${at}`);
        await bell.next();
        continue;
      }
      // Numbers have no holes: what is missing was removed, as the oldest are.
      if (first.sequence !== at + 1) return yield line(`{"gone":${first.sequence}`);
      const meant = isWanted === null ? rows : rows.filter(({ change }) => isWanted(change));
      at = last.sequence;
      const texts = meant.map(({ sequence, change }) => `{"sequence":${sequence},${change.slice(1)}\n`);
      if (meant.at(-1) !== last) texts.push(`{"at":${at}}\n`);
      yield Buffer.from(texts.join(''));
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    bell.close();
  }
}

function line(open: string): Buffer {
  return Buffer.from(`${open}}\n`);
}

/** Rings when there is more, or when nobody listens any longer. */
function createBell(feed: Feed, signal: AbortSignal) {
  let rung = false;
  let answer: () => void = () => undefined;
  const ring = () => {
    rung = true;
    answer();
  };
  const ends = [feed.onMore(ring), onAbort(signal, ring)];
  return {
    async next(): Promise<void> {
      if (!rung) await new Promise<void>((resolve) => (answer = resolve));
      rung = false;
    },
    close: () => ends.forEach((end) => end()),
  };
}
