import type { ExperimentList, ListQuery } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import { atTime } from '../../experiment/summary.ts';
import type { Reading } from './get.ts';
import type { ListFilter } from '../store/store.ts';

/** One page, newest first. */
export function listExperiments({ store, now }: Reading, query: ListQuery): ExperimentList {
  const { experiments, next_cursor } = store.list(filterOf(query));
  const time = now().toISOString();
  return { experiments: experiments.map((experiment) => atTime(experiment, time)), next_cursor };
}

export function filterOf({ label, ...query }: ListQuery): ListFilter {
  return { ...query, labels: label.map(parseLabel) };
}

/** `key=value`; the value may hold further `=`. */
export function parseLabel(text: string): { key: string; value: string } {
  const equals = text.indexOf('=');
  if (equals > 0) return { key: text.slice(0, equals), value: text.slice(equals + 1) };
  throw new AichorError('usage', `${JSON.stringify(text)} is not a label`, {
    hint: 'labels are written KEY=VALUE',
  });
}
