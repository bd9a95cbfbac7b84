import type { ExperimentFact } from '../../src/experiment/event.ts';
import { lastOf } from '../engine/house.ts';

/** How long something in a test may take: it bounds hangs, as the limit of each test does (`scripts/test.js`). */
export const PATIENCE_MS = 15 * 60_000;

/** Waits for a run, and prints how long it took and the sum of its pods' peaks of memory. */
export async function measured(what: string, run: Promise<ExperimentFact[]>): Promise<ExperimentFact[]> {
  const began = performance.now();
  const facts = await run;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const bytes = Object.values(lastOf(facts)).reduce((sum, pod) => sum + (pod.peak_memory_bytes ?? 0), 0);
  process.stdout.write(`  ${what}: ${seconds} s, ${Math.round(bytes / 2 ** 20)} MB\n`);
  return facts;
}
