import { signal, type Signal } from '@preact/signals';
import { useLayoutEffect, useMemo } from 'preact/hooks';
import type { ExperimentRecord } from '../../experiment/record.ts';
import { get } from '../base/api.ts';
import { onChange, onReopened } from '../base/live.ts';

/** A record that is kept up to date as long as it is shown. */
export interface LoadedRecord {
  /** Null: it is not here yet. */
  record: Signal<ExperimentRecord | null>;
  failure: Signal<unknown>;
}

/** A record changes in bursts (500 pods begin): it is read again once a burst. */
const SETTLE_MS = 300;

/** @param known what it is until it was asked for; null: not known yet */
export function useRecord(ref: string, known: ExperimentRecord | null): LoadedRecord {
  const loaded = useMemo(
    () => ({ record: signal<ExperimentRecord | null>(known), failure: signal<unknown>(null) }),
    [ref],
  );
  useLayoutEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const asking = new AbortController();
    const load = async () => {
      try {
        loaded.record.value = await get<ExperimentRecord>(
          `/experiments/${encodeURIComponent(ref)}`,
          {},
          asking.signal,
        );
        loaded.failure.value = null;
      } catch (error) {
        if (!asking.signal.aborted) loaded.failure.value = error;
      }
    };
    const inTime = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void load();
      }, SETTLE_MS);
    };
    const ends = [
      onChange(({ experiment_id: id }) => id === (loaded.record.peek()?.experiment_id ?? ref) && inTime()),
      onReopened(inTime),
    ];
    void load();
    return () => {
      clearTimeout(timer);
      asking.abort();
      ends.forEach((end) => end());
    };
  }, [ref, loaded]);
  return loaded;
}
