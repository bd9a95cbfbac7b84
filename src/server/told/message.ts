import type { ExperimentRecord } from '../../experiment/record.ts';
import type { Occasion } from './outbox.ts';

/** Bytes of a message; of a larger one the pods and the timeline are left out. */
const LONGEST = 1_000_000;

/** What is told: `{"type", "timestamp", "data"}` (Standard Webhooks), with the record as `experiments get` prints it. */
export function messageOf(occasion: Occasion, record: ExperimentRecord, time: Date): string {
  const message = (data: ExperimentRecord) =>
    JSON.stringify({ type: `experiment.${occasion}`, timestamp: time.toISOString(), data });
  const whole = message(record);
  return Buffer.byteLength(whole) <= LONGEST ? whole : message({ ...record, pods: [], events: [] });
}
