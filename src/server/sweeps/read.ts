import type { SweepDocument, SweepList, SweepQuery, SweepSummary } from '../../api/sweep-contract.ts';
import { AichorError } from '../../errors.ts';
import { didYouMean } from '../../base/text/did-you-mean.ts';
import type { Metrics } from '../../experiment/record.ts';
import { trialKey } from '../../sweep/point.ts';
import { lastOfEach, trialsOf } from '../../sweep/trials.ts';
import { asOfNow, type Times } from '../experiments/get.ts';
import type { ExperimentStore, StoredSweep, SweepMember } from '../store/store.ts';

/** What reading of sweeps needs. */
export interface SweepReading {
  store: Pick<ExperimentStore, 'sweep' | 'sweeps' | 'sweepMembers'>;
  engines: Times['engines'];
  now(): Date;
}

/** Newest first. */
export function listSweeps({ store }: SweepReading): SweepList {
  return { sweeps: store.sweeps().map((sweep) => summaryOf(sweep, store.sweepMembers(sweep.name))) };
}

/** The last experiment of each trial, and which trials have none. */
export function getSweep(by: SweepReading, name: string, { metric: wanted }: SweepQuery): SweepDocument {
  const { store } = by;
  const sweep = sweepNamed(store, name);
  const members = store.sweepMembers(name);
  const last = lastOfEach(members);
  const trials = trialsOf(sweep);
  return {
    ...summaryOf(sweep, members),
    env: sweep.env,
    experiments: trials.flatMap((trial) => {
      const member = last.get(trialKey(trial));
      if (member === undefined) return [];
      const { experiment_id, status, engine, started_at, ended_at, explanation } = member;
      const { duration_s } = asOfNow(by, member);
      const { point, index, repeat } = trial;
      const place = { experiment_id, point: { ...point }, index, repeat };
      const metrics = metricsOf(member, wanted);
      return [{ ...place, status, engine, started_at, ended_at, duration_s, explanation, metrics }];
    }),
    metric_names: [...new Set([...last.values()].flatMap(({ metrics }) => Object.keys(metrics)))].sort(),
    missing_points: trials
      .filter((trial) => !last.has(trialKey(trial)))
      .map((trial) => ({ ...trial, point: { ...trial.point } })),
  };
}

function metricsOf({ metrics }: SweepMember, wanted: readonly string[]): Metrics {
  if (wanted.includes('*')) return metrics;
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => wanted.includes(name)));
}

/** Throws `not_found` with the name that may have been meant. */
export function sweepNamed(store: SweepReading['store'], name: string): StoredSweep {
  const sweep = store.sweep(name);
  if (sweep !== null) return sweep;
  const near = didYouMean(
    name,
    store.sweeps().map((one) => one.name),
  );
  throw new AichorError('not_found', `there is no sweep ${JSON.stringify(name)}`, {
    hint: near === null ? 'aichor sweeps list shows those there are' : `did you mean ${near}?`,
  });
}

function summaryOf(sweep: StoredSweep, members: readonly SweepMember[]): SweepSummary {
  const { name, project, created_at, points, repeat, max_parallel } = sweep;
  const last = lastOfEach(members);
  const counts: SweepSummary['counts'] = {};
  for (const { status } of last.values()) counts[status] = (counts[status] ?? 0) + 1;
  const missing = points.length * repeat - last.size;
  return { sweep: name, project, created_at, points: points.length, repeat, max_parallel, counts, missing };
}
