import type { ExperimentSummary } from './record.ts';
import type { ExperimentState } from './state.ts';

/** The record less pods and events, as it is stored: `duration_s` is that of an ended experiment, else null. */
export function storedSummary(state: ExperimentState): ExperimentSummary {
  const { pods: _pods, ...summary } = state.record;
  return summary;
}

/** `duration_s` of a running experiment grows; `now` is ISO 8601. Ended ones keep theirs. */
export function atTime<T extends Pick<ExperimentSummary, 'started_at' | 'ended_at' | 'duration_s'>>(
  record: T,
  now: string,
): T {
  if (record.started_at === null || record.ended_at !== null) return record;
  const seconds = (Date.parse(now) - Date.parse(record.started_at)) / 1000;
  return { ...record, duration_s: Math.max(0, seconds) };
}
