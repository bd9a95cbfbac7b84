/** Where logs are read: so many at a time, however many containers there are. Each has a connection and two open files. */
export interface ReadingPlaces {
  /** For one reading, when it is its turn. Null: it was stopped before that. */
  take(signals: ReadingSignals): Promise<ReadingPlace | null>;
}

export interface ReadingSignals {
  /** Nobody wants the log any more. */
  stopped: AbortSignal;
  /** Its container has ended: a reading that ends soon, and does not wait for those that go on as long as their containers. */
  over: AbortSignal;
}

export interface ReadingPlace {
  /** Others wait, and it has had its time: it reads on when it is its turn again. */
  readonly due: AbortSignal;
  leave(): void;
}

interface PlacesOptions {
  /** Containers that run, at once. */
  running?: number;
  /** Containers that have ended, at once. */
  ended?: number;
  /** How long one that runs is followed, where others wait, in milliseconds. */
  turnMs?: number;
}

interface Row {
  most: number;
  taken: number;
  waiting: Set<() => void>;
}

/** For all experiments of an engine together. */
export function createReadingPlaces(options: PlacesOptions = {}): ReadingPlaces {
  const { running = 400, ended = 32, turnMs = 15_000 } = options;
  const live: Row = { most: running, taken: 0, waiting: new Set() };
  const last: Row = { most: ended, taken: 0, waiting: new Set() };
  /** Those that follow, longest first, with when they began. */
  const following = new Map<AbortController, number>();
  /** Whose turn was ended, and who has not left yet: for each of them somebody's wait is about to end. */
  const leaving = new Set<AbortController>();
  let timer: NodeJS.Timeout | null = null;

  const isShort = () => live.waiting.size > leaving.size;

  /** Ends the turn of whoever has followed longest, for each that waits. */
  function press(): void {
    const [longest] = following;
    if (timer !== null || !isShort() || longest === undefined) return;
    const [due, since] = longest;
    timer = setTimeout(
      () => {
        timer = null;
        if (isShort() && following.delete(due)) {
          leaving.add(due);
          due.abort();
        }
        press();
      },
      Math.max(0, since + turnMs - performance.now()),
    );
    timer.unref();
  }

  function placeIn(row: Row): ReadingPlace {
    const due = new AbortController();
    if (row === live) following.set(due, performance.now());
    return {
      due: due.signal,
      leave() {
        following.delete(due);
        leaving.delete(due);
        row.taken--;
        next(row);
        press();
      },
    };
  }

  return {
    take: ({ stopped, over }) =>
      new Promise((resolve) => {
        if (stopped.aborted) return resolve(null);
        let row = over.aborted ? last : live;
        const settle = (place: ReadingPlace | null) => {
          row.waiting.delete(begin);
          stopped.removeEventListener('abort', stop);
          over.removeEventListener('abort', move);
          resolve(place);
        };
        const begin = () => settle(placeIn(row));
        const stop = () => settle(null);
        const move = () => {
          row.waiting.delete(begin);
          row = last;
          row.waiting.add(begin);
          next(row);
        };
        stopped.addEventListener('abort', stop);
        if (row === live) over.addEventListener('abort', move);
        row.waiting.add(begin);
        next(row);
        press();
      }),
  };
}

/** Whoever came first goes first. */
function next(row: Row): void {
  for (const begin of row.waiting) {
    if (row.taken >= row.most) return;
    row.taken++;
    begin();
  }
}
