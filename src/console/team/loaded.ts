import { signal, type Signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Parameters } from '../../api/console/addresses.ts';
import { get } from '../base/api.ts';
import { onChange, onReopened } from '../base/live.ts';

/** An answer of the control plane that is asked for again as long as it is shown. */
export interface Loaded<T> {
  /** Null: it is not here yet. */
  value: Signal<T | null>;
  /** Why the last one did not come; null: it did. */
  failure: Signal<Error | null>;
  /** Asks at once. */
  again(): Promise<void>;
}

interface When {
  /** It is asked for that often while somebody sees the page. */
  everyMs?: number;
  /** It is asked for after experiments have changed. */
  withExperiments?: boolean;
}

/** Experiments change in bursts: it is asked once a burst. */
const SETTLE_MS = 400;
/** Where answers take a while, this many times as long passes between two. */
const REST = 4;

/** @param path of a route; with other parameters the former answer stays until the next one is here */
export function useLoaded<T>(
  path: string,
  parameters: Parameters = {},
  { everyMs, withExperiments = false }: When = {},
): Loaded<T> {
  const asked = JSON.stringify([path, parameters]);
  const { value, failure } = useMemo(
    () => ({ value: signal<T | null>(null), failure: signal<Error | null>(null) }),
    [path],
  );
  const { loaded, asking, took } = useMemo(() => {
    const took = { ms: 0 };
    const asking = new AbortController();
    let running: Promise<void> | null = null;
    let next: Promise<void> | null = null;
    async function ask(): Promise<void> {
      const begun = performance.now();
      try {
        value.value = await get<T>(path, parameters, asking.signal);
        failure.value = null;
      } catch (error) {
        if (asking.signal.aborted) return;
        failure.value = error instanceof Error ? error : new Error(String(error));
      } finally {
        took.ms = performance.now() - begun;
      }
    }
    /** Never twice at once: who asks meanwhile has the answer of one that is asked for afterwards. */
    function again(): Promise<void> {
      if (running !== null) {
        next ??= running.then(() => {
          next = null;
          return asking.signal.aborted ? undefined : again();
        });
        return next;
      }
      running = ask().finally(() => (running = null));
      return running;
    }
    return { loaded: { value, failure, again }, asking, took };
  }, [asked]);
  useEffect(() => {
    let settling: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      settling ??= setTimeout(
        () => {
          settling = undefined;
          void loaded.again();
        },
        Math.max(SETTLE_MS, took.ms * REST),
      );
    };
    const ends = [onReopened(soon)];
    if (withExperiments) ends.push(onChange(soon));
    if (everyMs !== undefined) ends.push(whileSeen(everyMs, loaded.again));
    void loaded.again();
    return () => {
      clearTimeout(settling);
      asking.abort();
      ends.forEach((end) => end());
    };
  }, [loaded, asking, took, everyMs, withExperiments]);
  return loaded;
}

/** One time after the other, so that a slow answer is not asked for twice. */
function whileSeen(everyMs: number, ask: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const next = () => {
    clearTimeout(timer);
    if (!isOver && !document.hidden) timer = setTimeout(() => void ask().then(next), everyMs);
  };
  const seen = () => {
    if (!document.hidden) void ask().then(next);
  };
  document.addEventListener('visibilitychange', seen);
  next();
  return () => {
    isOver = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  };
}
