import { z } from 'zod';
import { OPERATOR_NAMES } from '../operators/table.ts';
import { POD_STATUSES, REASONS, STATUSES, STEPS } from './status.ts';

/** The wire shapes of an experiment. Types are inferred; nothing here is written twice. */

const time = z.iso.datetime({ precision: 3 });

const source = z.object({
  kind: z.enum(['local', 'commit']),
  /** `sha256:<hex>` of the packaged directory; null until a commit has been fetched. */
  snapshot: z.string().nullable(),
  repository: z.string().nullable(),
  commit_sha: z.string().nullable(),
  branch: z.string().nullable(),
  /** A local directory's: whether it is not as the commit has it. Absent where that is not known. */
  dirty: z.boolean().nullable().optional(),
});

export const podRecord = z.object({
  pod: z.string(),
  type: z.string(),
  job_index: z.int(),
  pod_index: z.int(),
  rank: z.int(),
  status: z.enum(POD_STATUSES),
  reason: z.enum(REASONS).nullable(),
  exit_code: z.int().nullable(),
  attempt: z.int(),
  started_at: time.nullable(),
  ended_at: time.nullable(),
  peak_memory_bytes: z.int().nullable(),
});

/** JSON has no NaN and no infinity: they stand as these words. */
export const metricValue = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);

/** A metric as it is now. "Last" is what was written last in the latest attempt, whatever its step. */
export const metric = z.object({
  last: metricValue,
  /** That of the last value; null where none was given. */
  step: z.number().nullable(),
  /** Over all values that are numbers, of all attempts; null: none is. */
  min: metricValue.nullable(),
  max: metricValue.nullable(),
  /** When the last value was written, by the clock of its pod; null where that cannot be told. */
  time: time.nullable(),
});

export const notice = z.object({ code: z.string(), message: z.string() });

const links = z.object({
  tensorboard: z.string().nullable(),
  ray_dashboard: z.string().nullable(),
  jupyter: z.string().nullable(),
  vscode: z.string().nullable(),
});

const paths = z.object({
  /** Both end in `/`. */
  input: z.string(),
  output: z.string(),
  tensorboard: z.string().nullable(),
  /** Where the pods' working copies were kept (`--keep`), else null. */
  workdir: z.string().nullable(),
});

/** Which experiment of a sweep it is. */
const sweepPlace = z.object({
  name: z.string(),
  /** Names and values; a name with a dot is a place in the manifest. */
  point: z.record(z.string(), z.string()),
  /** Of the point, from 1. */
  index: z.int(),
  /** Of the point's experiments, from 1. */
  repeat: z.int(),
});

/** What `experiments list`, `wait`, `cancel`, … print: the record less pods and events. */
export const experimentSummary = z.object({
  experiment_id: z.uuid(),
  status: z.enum(STATUSES),
  step: z.enum(STEPS),
  reason: z.enum(REASONS).nullable(),
  explanation: z.string().nullable(),
  /** Null when the manifest could not be read (a bad manifest in a commit). */
  operator: z.enum(OPERATOR_NAMES).nullable(),
  engine: z.string(),
  project: z.string(),
  message: z.string(),
  labels: z.record(z.string(), z.string()),
  source,
  manifest_path: z.string(),
  resubmit_of: z.uuid().nullable(),
  /** Null: it belongs to none. */
  sweep: sweepPlace.nullable(),
  env: z.record(z.string(), z.string()),
  secrets: z.array(z.string()),
  /** What pods run, by digest where that is known; null until it is there, and where pods run no image. */
  image: z.string().nullable(),
  /** What somebody wrote on it afterwards. */
  note: z.string().nullable(),
  attempt: z.int(),
  created_at: time,
  started_at: time.nullable(),
  ended_at: time.nullable(),
  duration_s: z.number().nullable(),
  resources: z.object({ pods: z.int(), cpus: z.number(), memory_gb: z.number(), gpus: z.int() }),
  notices: z.array(notice),
  /** What pods write of metrics, by name (docs/metrics.md). */
  metrics: z.record(z.string(), metric),
  /** The highest step of any metric, where `total_steps` is one of them. */
  progress: z.object({ step: z.number(), total_steps: z.number() }).nullable(),
  links,
  paths,
});

export const experimentRecord = experimentSummary.extend({
  pods: z.array(podRecord),
  events: z.array(z.object({ time, type: z.string(), message: z.string() })),
});

export type ExperimentSummary = z.infer<typeof experimentSummary>;
export type ExperimentRecord = z.infer<typeof experimentRecord>;
export type PodRecord = z.infer<typeof podRecord>;
export type Metric = z.infer<typeof metric>;
export type Metrics = ExperimentSummary['metrics'];
export type MetricValue = z.infer<typeof metricValue>;
export type Notice = z.infer<typeof notice>;
export type Links = z.infer<typeof links>;
export type SweepPlace = z.infer<typeof sweepPlace>;
export type SourceRecord = z.infer<typeof source>;
