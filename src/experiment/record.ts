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
  /** Whether a local directory is not as its commit has it. Absent, or null, where that is not known. */
  dirty: z.boolean().nullable().optional(),
  /** Who wrote the commit, as Git has it. Absent for directories, and in records of earlier versions. */
  author: z.string().nullable().optional(),
  /** Message of the commit, as Git has it. Absent like `author`. */
  commit_message: z.string().nullable().optional(),
  /** Where the commit can be looked at with a browser; null where that cannot be told. */
  url: z.string().nullable().optional(),
});

const meanAndPeak = z.object({ mean: z.number(), peak: z.number() });

/** What a pod took, sampled every ten seconds while it ran; null: not known there. */
const podUsage = z.object({
  /** How often it was looked at. */
  samples: z.int(),
  /** CPUs that were busy. */
  cpus: meanAndPeak.nullable(),
  /** Memory that it had, in bytes. */
  memory_bytes: meanAndPeak.nullable(),
  /** How busy its GPUs were, from 0 to 1. */
  gpu: meanAndPeak.nullable(),
  /** Memory of GPUs that it had, in bytes. */
  gpu_memory_bytes: meanAndPeak.nullable(),
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
  /** The node of the cluster that it runs on, or ran on; null: not known yet, or the engine has none. */
  node: z.string().nullable(),
  /** What it took in this attempt: `experiments top` has the course of it. Null: nothing was sampled. */
  usage: podUsage.nullable(),
});

/** JSON has no NaN and no infinity: they stand as these words. */
export const metricValue = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);

/** A metric as it is now. "Last" is what was written last in the latest attempt, whatever its step. */
export const metric = z.object({
  last: metricValue,
  /** Step of the last value; null where none was given. */
  step: z.number().nullable(),
  /** The smallest of all values that are numbers, of all attempts; null: none is. */
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
  /** What its pods have as inputs: a folder of the server's machine, or a URL of an object store; ends in `/`. */
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
  /** Number of its point, from 1. */
  index: z.int(),
  /** Which of the experiments of its point it is, from 1. */
  repeat: z.int(),
});

/** What `experiments list`, `wait`, `cancel`, … print: the record less pods and events. */
export const experimentSummary = z.object({
  experiment_id: z.uuid(),
  status: z.enum(STATUSES),
  step: z.enum(STEPS),
  reason: z.enum(REASONS).nullable(),
  explanation: z.string().nullable(),
  /** Name of the operator; null when the manifest could not be read (a bad manifest in a commit). */
  operator: z.enum(OPERATOR_NAMES).nullable(),
  engine: z.string(),
  project: z.string(),
  /** Name of the key that it was submitted with; null: the server's own user; `push`: a commit that was pushed. */
  submitted_by: z.string().nullable(),
  message: z.string(),
  labels: z.record(z.string(), z.string()),
  source,
  manifest_path: z.string(),
  resubmit_of: z.uuid().nullable(),
  /** Which experiment of which sweep it is; null: it belongs to none. */
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
  /** What pods write of metrics, by name: [metrics.md](metrics.md). */
  metrics: z.record(z.string(), metric),
  /** How far it is: the highest step of any metric, where `total_steps` is one of them; else null. */
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
