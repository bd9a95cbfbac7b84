import type { ExperimentSummary } from './record.ts';
import type { ExperimentState } from './state.ts';

/** The record less pods and events, as it is stored: `duration_s` is that of an ended experiment, else null. */
export function storedSummary(state: ExperimentState): ExperimentSummary {
  const { pods: _pods, ...summary } = state.record;
  return summary;
}

/**
 * `duration_s` of a running experiment grows. Ended ones keep theirs.
 *
 * @param now ISO 8601
 * @param elapsed seconds since it began, by a clock that does not jump; null: nobody has one
 */
export function atTime<T extends Pick<ExperimentSummary, 'started_at' | 'ended_at' | 'duration_s'>>(
  record: T,
  now: string,
  elapsed: number | null = null,
): T {
  // What has run and not ended yet knows how long it ran.
  if (record.started_at === null || record.ended_at !== null || record.duration_s !== null) return record;
  const seconds = elapsed ?? (Date.parse(now) - Date.parse(record.started_at)) / 1000;
  return { ...record, duration_s: Math.max(0, seconds) };
}
