import { z } from 'zod';
import { metric } from '../experiment/record.ts';
import { STATUSES } from '../experiment/status.ts';
import { MOST_EXPERIMENTS } from '../sweep/point.ts';
import { commonSubmission, repeated, submissionSource } from './contract.ts';

/** The HTTP contract of sweeps. */

export const sweepName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);
const point = z.record(z.string().min(1).max(500), z.string().max(100_000));

/** Which points that have an experiment get another one, beside those that have none. */
export const RERUNS = ['missing', 'failed'] as const;
const rerun = z.enum(RERUNS).default('missing');

/** `POST /v1/sweeps`: every point as often as `repeat` says; those that are there already are left alone. */
export const sweepSubmission = z.object({
  name: sweepName,
  source: submissionSource,
  ...commonSubmission,
  points: z.array(point).min(1).max(MOST_EXPERIMENTS),
  repeat: z.int().min(1).max(1000).default(1),
  /** How many of them may run at the same time. */
  max_parallel: z.int().min(1).nullable().default(null),
  rerun,
});

/** `POST /v1/sweeps/:name/resume`: from what is kept here. */
export const sweepResumption = z.object({ rerun: z.enum(RERUNS).default('failed') });

const trial = z.object({
  experiment_id: z.uuid(),
  point,
  index: z.int(),
  repeat: z.int(),
  status: z.enum(STATUSES),
});

export const sweepSubmitted = z.object({
  sweep: sweepName,
  experiments: z.array(
    trial.extend({
      /** Whether it was submitted now; else it was there before. */
      created: z.boolean(),
    }),
  ),
});

const counts = z.partialRecord(z.enum(STATUSES), z.int());

export const sweepSummary = z.object({
  sweep: sweepName,
  project: z.string(),
  created_at: z.iso.datetime({ precision: 3 }),
  points: z.int(),
  repeat: z.int(),
  max_parallel: z.int().nullable(),
  /** How many have each status, of the last experiment of each point and repeat. */
  counts,
  /** How many points and repeats have no experiment. */
  missing: z.int(),
});

export const sweepList = z.object({ sweeps: z.array(sweepSummary) });

export const sweepDocument = sweepSummary.extend({
  /** Variables that are no point's. */
  env: z.record(z.string(), z.string()),
  experiments: z.array(
    trial.extend({
      engine: z.string(),
      started_at: z.iso.datetime({ precision: 3 }).nullable(),
      ended_at: z.iso.datetime({ precision: 3 }).nullable(),
      duration_s: z.number().nullable(),
      explanation: z.string().nullable(),
      /** Those that were asked for, by name. */
      metrics: z.record(z.string(), metric),
    }),
  ),
  /** Names of all metrics that one of them has. */
  metric_names: z.array(z.string()),
  /** Points and repeats that have no experiment. */
  missing_points: z.array(z.object({ point, index: z.int(), repeat: z.int() })),
});

/** `GET /v1/sweeps/:name`. */
export const sweepQuery = z.strictObject({
  /** Names of metrics that are given; `*`: all of them. */
  metric: repeated(z.string().max(1000)),
});

export type SweepQuery = z.infer<typeof sweepQuery>;
export type SweepSubmission = z.infer<typeof sweepSubmission>;
export type SweepSubmissionInput = z.input<typeof sweepSubmission>;
export type SweepResumption = z.infer<typeof sweepResumption>;
export type SweepSubmitted = z.infer<typeof sweepSubmitted>;
export type SweepSummary = z.infer<typeof sweepSummary>;
export type SweepList = z.infer<typeof sweepList>;
export type SweepDocument = z.infer<typeof sweepDocument>;
