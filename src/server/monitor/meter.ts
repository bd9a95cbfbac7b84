import { DECISIONS, type Delivery } from '../../api/team/hook-contract.ts';
import { registerGauges } from './gauges.ts';
import type { Readings } from './readings.ts';

/** What is counted while a team's server runs, and told as Prometheus reads it. */
export interface Meter {
  /** @param route `GET /experiments/{ref}`; never what a client made up, because each one is kept */
  answered(request: { route: string; status: number; seconds: number }): void;
  decided(delivery: Pick<Delivery, 'provider' | 'decision'>): void;
  /** The text format 0.0.4, and its media type. */
  told(): Promise<{ text: string; type: string }>;
}

/** Seconds until the head of an answer was there; a hook should be answered within a tenth. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Loads the library, which only servers of teams need. */
export async function createMeter(version: string, readings: Readings): Promise<Meter> {
  const library = await import('prom-client');
  const registry = new library.Registry();
  const registers = [registry];
  const seconds = new library.Histogram({
    name: 'aichor_http_request_duration_seconds',
    help: 'Time until the head of an answer; what streams on does not count',
    labelNames: ['route'],
    buckets: SECONDS,
    registers,
  });
  const answers = new library.Counter({
    name: 'aichor_http_requests_total',
    help: 'Answers by route and status',
    labelNames: ['route', 'code'],
    registers,
  });
  const decisions = new library.Counter({
    name: 'aichor_deliveries_total',
    help: 'What was decided of deliveries of hooks, and of pushes that none told of',
    labelNames: ['provider', 'decision'],
    registers,
  });
  // So that a rate can be taken from the first one on.
  for (const decision of DECISIONS)
    if (decision !== 'queued') decisions.inc({ provider: 'unknown', decision }, 0);
  registerGauges(library, registry, { version, readings });
  return {
    answered({ route, status, seconds: took }) {
      seconds.observe({ route }, took);
      answers.inc({ route, code: status });
    },
    decided: ({ provider, decision }) => {
      if (decision !== 'queued') decisions.inc({ provider, decision });
    },
    told: async () => ({ text: await registry.metrics(), type: registry.contentType }),
  };
}
