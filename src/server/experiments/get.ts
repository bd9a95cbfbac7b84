import type { ManifestFindings } from '../../api/console/plan-contract.ts';
import type { Engine } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import { madeOf } from '../../base/text/made-of.ts';
import type { ExperimentEvent } from '../../experiment/event.ts';
import { timeline } from '../../experiment/event-message.ts';
import type { ExperimentRecord, ExperimentSummary } from '../../experiment/record.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { atTime, storedSummary } from '../../experiment/summary.ts';
import { parseManifest } from '../../manifest/parse.ts';
import { parsedColumn } from '../store/rows.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';

/** What reading of experiments needs. */
export interface ExperimentReading {
  store: Pick<ExperimentStore, 'resolve' | 'state' | 'longRecord' | 'events' | 'submission' | 'list'>;
  engines: Times['engines'];
  now(): Date;
}

/** What tells how long experiments have run. */
export interface Times {
  engines: ReadonlyMap<string, Pick<Engine, 'elapsed'>>;
  now(): Date;
}

/** The whole record, with its timeline, as of now. */
export function getExperiment(by: ExperimentReading, ref: string): ExperimentRecord {
  const { store } = by;
  const id = store.resolve(ref);
  const { record } = stateOf(store, id);
  return asOfNow(by, { ...record, events: timeline(store.events(id)) });
}

/** Characters of timelines that are remembered, with the events that they were made of. */
const MOST_KEPT = 8_000_000;

/** JSON of a timeline, of events as they are stored: one after the other, because of ten thousand most memory goes to what is never looked at. */
const timelineJson = madeOf((events) => {
  const entries: string[] = [];
  for (const line of events.split('\n')) {
    const event = parsedColumn<ExperimentEvent>(line);
    if (event !== null) entries.push(...timeline([event]).map((entry) => JSON.stringify(entry)));
  }
  return entries.join();
}, MOST_KEPT);

/**
 * The JSON of `getExperiment` for an experiment that has ended and has very many pods: it is put together of what is stored. Null: it is
 * not such a one.
 */
export function longExperiment(by: ExperimentReading, ref: string): string | null {
  const long = by.store.longRecord(by.store.resolve(ref));
  if (long === null) return null;
  const summary = JSON.stringify(asOfNow(by, long.summary));
  return `${summary.slice(0, -1)},"pods":${long.pods},"events":[${timelineJson(long.events)}]}`;
}

/** The text of the manifest that ran. */
export function getManifest({ store }: Pick<ExperimentReading, 'store'>, ref: string): string {
  const id = store.resolve(ref);
  const manifest = store.submission(id)?.manifest ?? '';
  if (manifest !== '') return manifest;
  throw new AichorError('not_found', `experiment ${id} has no manifest: none was found in its commit`);
}

/** What is to be said of that text, with its places. Throws like `getManifest`. */
export function manifestFindings(by: Pick<ExperimentReading, 'store'>, ref: string): ManifestFindings {
  const { manifest_path: path } = stateOf(by.store, by.store.resolve(ref)).record;
  return { diagnostics: parseManifest(getManifest(by, ref), path).diagnostics };
}

/** The record less pods and events, as of now. */
export function summaryNow(by: Times, state: ExperimentState): ExperimentSummary {
  return asOfNow(by, storedSummary(state));
}

/** With how long it has run until now. */
export function asOfNow<
  T extends Pick<ExperimentSummary, 'experiment_id' | 'engine' | 'started_at' | 'ended_at' | 'duration_s'>,
>({ engines, now }: Times, record: T): T {
  const elapsed = engines.get(record.engine)?.elapsed?.(record.experiment_id) ?? null;
  return atTime(record, now().toISOString(), elapsed);
}
