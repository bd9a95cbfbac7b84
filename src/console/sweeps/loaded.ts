import { signal, type Signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { SweepDocument } from '../../api/sweep-contract.ts';
import { get } from '../base/api.ts';
import { onChange, onReopened } from '../base/live.ts';

/** A sweep that is kept up to date as long as it is shown. */
export interface LoadedSweep {
  /** Null: it is not here yet. */
  sweep: Signal<SweepDocument | null>;
  failure: Signal<unknown>;
  reload(): void;
}

const SETTLE_MS = 800;
/** A sweep of 10,000 takes a while to read: between two readings this many times as long passes. */
const REST = 4;

export function useSweep(name: string): LoadedSweep {
  const [loaded, begin] = useMemo(() => {
    const sweep = signal<SweepDocument | null>(null);
    const failure = signal<unknown>(null);
    const reader = readerOf(name, sweep, failure);
    return [{ sweep, failure, reload: reader.inTime }, reader.begin] as const;
  }, [name]);
  useEffect(begin, [begin]);
  return loaded;
}

function readerOf(name: string, sweep: Signal<SweepDocument | null>, failure: Signal<unknown>) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let took = 0;
  let isWanted = false;
  let isReading = false;
  let asking = new AbortController();
  async function load(): Promise<void> {
    const begun = performance.now();
    const { signal: gone } = asking;
    try {
      const path = `/sweeps/${encodeURIComponent(name)}`;
      sweep.value = await get<SweepDocument>(path, { metric: '*' }, gone);
      failure.value = null;
    } catch (error) {
      if (!gone.aborted) failure.value = error;
    }
    took = performance.now() - begun;
  }
  /** Changes come in bursts: it is read again once a burst, and never twice at once. */
  function inTime(): void {
    isWanted = true;
    if (!isReading) timer ??= setTimeout(() => void read(), Math.max(SETTLE_MS, took * REST));
  }
  async function read(): Promise<void> {
    [timer, isWanted, isReading] = [undefined, false, true];
    await load();
    isReading = false;
    if (isWanted && !asking.signal.aborted) inTime();
  }
  function begin(): () => void {
    asking = new AbortController();
    const ends = [onChange(({ sweep: of }) => of?.name === name && inTime()), onReopened(inTime)];
    void read();
    return () => {
      clearTimeout(timer);
      timer = undefined;
      asking.abort();
      ends.forEach((end) => end());
    };
  }
  return { inTime, begin };
}
