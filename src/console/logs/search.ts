import { signal, type Signal } from '@preact/signals';
import type { LogFilters } from '../../api/console/first-asked.ts';
import type { LogMatches } from '../../api/console/log-contract.ts';
import { get } from '../base/api.ts';
import { sayFailure } from '../base/said.ts';

/** What was searched for in a log, on the server, and which of it is shown. */
export interface LogSearch {
  /** Null: nothing was searched for. */
  result: Signal<LogMatches | null>;
  isBusy: Signal<boolean>;
  sequences: Signal<ReadonlySet<number>>;
  /** Number of the one that is shown, from 1; 0: none yet. */
  at: Signal<number>;
  find(text: string): Promise<void>;
  /** The next one, or the one before. Null: there is none. */
  step(by: 1 | -1): LogMatches['matches'][number] | null;
}

const MOST = 5000;

export function createLogSearch(id: string, filters: LogFilters): LogSearch {
  const result = signal<LogMatches | null>(null);
  const sequences = signal<ReadonlySet<number>>(new Set());
  const at = signal(0);
  const isBusy = signal(false);
  let asking = new AbortController();
  return {
    result,
    sequences,
    at,
    isBusy,
    async find(text) {
      asking.abort();
      asking = new AbortController();
      const { signal: gone } = asking;
      at.value = 0;
      isBusy.value = text !== '';
      try {
        result.value =
          text === ''
            ? null
            : await get<LogMatches>(
                `/experiments/${id}/logs/matches`,
                { ...filters, text, limit: MOST },
                gone,
              );
        sequences.value = new Set(result.value?.matches.map(({ sequence }) => sequence));
      } catch (error) {
        if (!gone.aborted) sayFailure(error);
      }
      if (!gone.aborted) isBusy.value = false;
    },
    step(by) {
      const matches = result.value?.matches ?? [];
      if (matches.length === 0) return null;
      const next = at.value === 0 && by === -1 ? matches.length : at.value + by;
      at.value = next < 1 ? matches.length : next > matches.length ? 1 : next;
      return matches[at.value - 1] ?? null;
    },
  };
}
