import { AichorError } from '../../errors.ts';
import { timeline } from '../../experiment/event-message.ts';
import type { ExperimentRecord, ExperimentSummary } from '../../experiment/record.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { atTime, storedSummary } from '../../experiment/summary.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';

/** What reading of experiments needs. */
export interface ExperimentReading {
  store: Pick<ExperimentStore, 'resolve' | 'state' | 'events' | 'submission' | 'list'>;
  now(): Date;
}

/** The whole record, with its timeline, as of now. */
export function getExperiment({ store, now }: ExperimentReading, ref: string): ExperimentRecord {
  const id = store.resolve(ref);
  const { record } = stateOf(store, id);
  return atTime({ ...record, events: timeline(store.events(id)) }, now().toISOString());
}

/** The text of the manifest that ran. */
export function getManifest({ store }: Pick<ExperimentReading, 'store'>, ref: string): string {
  const id = store.resolve(ref);
  const manifest = store.submission(id)?.manifest ?? '';
  if (manifest !== '') return manifest;
  throw new AichorError('not_found', `experiment ${id} has no manifest: none was found in its commit`);
}

/** The record less pods and events, as of now. */
export function summaryNow(state: ExperimentState, now: Date): ExperimentSummary {
  return atTime(storedSummary(state), now.toISOString());
}
