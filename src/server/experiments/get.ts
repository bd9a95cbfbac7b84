import { AichorError } from '../../errors.ts';
import { timeline } from '../../experiment/event-message.ts';
import type { ExperimentRecord, ExperimentSummary } from '../../experiment/record.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { atTime, storedSummary } from '../../experiment/summary.ts';
import type { ControlPlane } from '../control-plane.ts';
import type { ExperimentStore } from '../store/store.ts';

/** The whole record, with its timeline, as of now. */
export function getExperiment({ store, now }: ControlPlane, ref: string): ExperimentRecord {
  const id = store.resolve(ref);
  const { record } = stateOf(store, id);
  return atTime({ ...record, events: timeline(store.events(id)) }, now().toISOString());
}

/** The text of the manifest that ran. */
export function getManifest({ store }: ControlPlane, ref: string): string {
  const id = store.resolve(ref);
  const manifest = store.submission(id)?.manifest ?? '';
  if (manifest !== '') return manifest;
  throw new AichorError('not_found', `experiment ${id} has no manifest: none was found in its commit`);
}

/** The record less pods and events, as of now. */
export function summaryNow(state: ExperimentState, now: Date): ExperimentSummary {
  return atTime(storedSummary(state), now.toISOString());
}

/** The state of an experiment that was resolved before; it may have been deleted since. */
export function stateOf(store: ExperimentStore, id: string): ExperimentState {
  const state = store.state(id);
  if (state !== null) return state;
  throw new AichorError('not_found', `there is no experiment ${id}`, {
    hint: 'aichor experiments list shows those there are',
  });
}
