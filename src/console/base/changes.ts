import type { ExperimentSummary } from '../../experiment/record.ts';

/** What tabs are told: whether changes come, and each of them. */
export type LiveMessage =
  { kind: 'begun' } | { kind: 'open' } | { kind: 'lost' } | { kind: 'change'; summary: ExperimentSummary };

/** The stream of changes, as long as somebody wants it; it comes back by itself after it was cut. */
export interface ChangeStream {
  /** Begins it, unless it goes on already. How it stands. */
  start(): LiveMessage;
  /** Begins it anew, as whoever sits here now. How it stands. */
  restart(): LiveMessage;
  stop(): void;
}

/** A stream that was refused (no session) is closed for good: it is tried again as often as this. */
const AGAIN_MS = 3000;

export function changesFrom(tell: (message: LiveMessage) => void): ChangeStream {
  let source: EventSource | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;
  /** A stream that has only just begun is not lost: nobody is told so. */
  let state: LiveMessage = { kind: 'begun' };
  const told = (next: LiveMessage) => tell((state = next));
  function open(): void {
    const stream = new EventSource('/v1/watch?limit=1');
    source = stream;
    stream.addEventListener('open', () => told({ kind: 'open' }));
    stream.addEventListener('message', ({ data }: MessageEvent) =>
      tell({ kind: 'change', summary: JSON.parse(data) }),
    );
    stream.addEventListener('error', () => {
      told({ kind: 'lost' });
      if (stream.readyState === EventSource.CLOSED && source === stream) again = setTimeout(open, AGAIN_MS);
    });
  }
  function start(): LiveMessage {
    if (source === null) open();
    return state;
  }
  function stop(): void {
    clearTimeout(again);
    source?.close();
    source = null;
    state = { kind: 'begun' };
  }
  return {
    start,
    restart() {
      stop();
      tell(state);
      return start();
    },
    stop,
  };
}
