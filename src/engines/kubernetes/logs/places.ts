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
  /** Containers that have ended, at once: few, so that what else is to be done when very many end together is not held up. */
  ended?: number;
  /** Beside them, those of nodes that take long to answer. */
  slow?: number;
  /** How long one that runs is followed, where others wait, in milliseconds. */
  turnMs?: number;
}

/** The log of a container that has ended is read in less than that, unless its node is busy or gone. */
const SLOW_MS = 2000;

interface Row {
  most: number;
  taken: number;
  waiting: Set<() => void>;
}

/** For all experiments of an engine together. */
export function createReadingPlaces(options: PlacesOptions = {}): ReadingPlaces {
  const { running = 400, ended = 8, slow = 24, turnMs = 15_000 } = options;
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

  /** One that takes long is no longer counted, as far as there is room for such. What is returned is called when it leaves. */
  function asideSoon(): () => void {
    let isAside = false;
    const timer = setTimeout(() => {
      if (last.most >= ended + slow) return;
      isAside = true;
      last.most++;
      next(last);
    }, SLOW_MS).unref();
    return () => {
      clearTimeout(timer);
      if (isAside) last.most--;
    };
  }

  function placeIn(row: Row): ReadingPlace {
    const due = new AbortController();
    if (row === live) following.set(due, performance.now());
    const standAside = row === last ? asideSoon() : null;
    return {
      due: due.signal,
      leave() {
        standAside?.();
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
