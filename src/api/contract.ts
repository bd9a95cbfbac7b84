import { z } from 'zod';
import { CONTAINER_PROGRAMS } from '../experiment/plan/plan.ts';
import { nameMistake } from '../experiment/project-name.ts';
import { experimentRecord, experimentSummary, metricValue } from '../experiment/record.ts';
import { STATUSES, STEPS } from '../experiment/status.ts';
import { projectUse } from './team/project-use-contract.ts';
import { MOST_TARGETS } from '../experiment/told/target.ts';
import { notifyTarget } from './told/notify-contract.ts';

/** The HTTP contract: requests and responses, typed once for server, client and OpenAPI. */

export const snapshotDigest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/);
/** A variable ends at a NUL: no process could take the rest. */
const NO_NUL = /^[^\0]*$/;
const envMap = z.record(envName, z.string().regex(NO_NUL, 'a value holds a NUL character'));
/** An experiment id, a unique prefix of at least 3 characters, or `latest`. */
export const experimentRef = z.string().min(1).max(64);

const fileEntry = z.object({
  path: z.string().min(1).max(4096),
  kind: z.literal('file'),
  executable: z.boolean(),
  bytes: z.int().min(0),
  sha256: hash,
});
const linkEntry = z.object({
  path: z.string().min(1).max(4096),
  kind: z.literal('link'),
  target: z.string().min(1).max(4096),
});
/** One with nothing in it; the others are there by what they hold. */
const folderEntry = z.object({ path: z.string().min(1).max(4096), kind: z.literal('folder') });
export const listing = z.object({
  entries: z.array(z.discriminatedUnion('kind', [fileEntry, linkEntry, folderEntry])),
});

/** `POST /v1/snapshots`: the listing first; the answer says which contents the server lacks. */
export const snapshotAnnounced = z.object({ digest: snapshotDigest, missing: z.array(hash) });

/** The same for a listing that came as lines: which of them (the first, with the base, left out; counted from 0; from and to) name the contents. */
export const snapshotLines = z.object({
  digest: snapshotDigest,
  missing_lines: z.array(z.tuple([z.int(), z.int()])),
});

/** `GET /v1/health`. */
export const health = z.object({ version: z.string(), pid: z.int() });

export const projectName = z.string().superRefine((name, context) => {
  const mistake = nameMistake(name);
  if (mistake !== null) context.addIssue({ code: 'custom', message: `the project's name ${mistake}` });
});

/** A query parameter that may be given more than once; one alone is a list of one. */
export function repeated<T extends z.ZodType>(item: T) {
  return z.union([z.array(item), item.transform((value) => [value])]).default([]);
}

export const commonSubmission = {
  manifest_path: z.string().min(1).max(4096).nullable().default(null),
  message: z.string().max(10_000).default(''),
  project: projectName.nullable().default(null),
  /** What was asked for explicitly (`--engine`, `AICHOR_ENGINE`); beats the manifest's `spec.engineName`. */
  engine: z.string().min(1).max(200).nullable().default(null),
  /** What `context set engine` says; the manifest's `spec.engineName` beats it. */
  default_engine: z.string().min(1).max(200).nullable().default(null),
  env: envMap.default({}),
  secrets: envMap.default({}),
  labels: z.record(z.string().min(1).max(200), z.string().max(1000)).default({}),
  keep: z.boolean().default(false),
  /** Submit although the engine has no room for it at present. */
  force: z.boolean().default(false),
  /** PATH, HOME, LANG, … of the submitting shell (contract 7). */
  shell: z.record(z.string(), z.string()).default({}),
  /** A Python environment of the engine's machine, used instead of building one: its folder, or its interpreter. */
  python_env: z.string().min(1).max(4096).startsWith('/').nullable().default(null),
  /** No Python environment that is there already is taken: a new one is built. */
  rebuild: z.boolean().default(false),
  /** How pods see inputs and outputs on the embedded engine; null: as its settings say. */
  storage: z.enum(['folder', 's3']).nullable().default(null),
  /** Whose containers pods run in on the embedded engine, `none`: they are processes; null: as its settings say. */
  container: z
    .enum(['none', ...CONTAINER_PROGRAMS])
    .nullable()
    .default(null),
  /** Values of the manifest that are changed for this run: `spec.types.worker.count=4`. */
  set: z.array(z.string().min(1).max(10_000)).max(100).default([]),
  /** Whom it tells when it is over, or waits for long. */
  notify: z.array(notifyTarget).max(MOST_TARGETS).default([]),
  /** The same key and content: the same experiment; the same key, other content: `conflict`. */
  idempotency_key: z.string().min(1).max(200).nullable().default(null),
};

export const submissionSource = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('local'),
    snapshot: snapshotDigest,
    /** Where the directory stands in its Git repository, for the record. */
    commit_sha: z
      .string()
      .regex(/^[0-9a-f]{40,64}$/)
      .nullable()
      .default(null),
    branch: z.string().min(1).max(400).nullable().default(null),
    dirty: z.boolean().nullable().default(null),
  }),
  z.object({
    kind: z.literal('commit'),
    /** A path on the server's machine (embedded) or any URL Git understands. */
    repository: z.string().min(1).max(4096),
    commit_sha: z.string().min(1).max(400),
    branch: z.string().min(1).max(400).nullable().default(null),
  }),
]);

export const submission = z.object({ source: submissionSource, ...commonSubmission });

export const resubmission = z.object({
  /** Null: those of the first experiment. */
  message: z.string().max(10_000).nullable().default(null),
  project: commonSubmission.project,
  engine: commonSubmission.engine,
  env: commonSubmission.env,
  secrets: commonSubmission.secrets,
  labels: commonSubmission.labels,
  /** Keys of labels that the first experiment has and this one shall not. */
  drop_labels: z.array(z.string()).max(100).default([]),
  /** Names of variables and secrets that the first experiment has and this one shall not. */
  drop_env: z.array(z.string()).max(1000).default([]),
  keep: commonSubmission.keep,
  force: commonSubmission.force,
  shell: commonSubmission.shell,
  python_env: commonSubmission.python_env,
  rebuild: commonSubmission.rebuild,
  storage: commonSubmission.storage,
  container: commonSubmission.container,
  set: commonSubmission.set,
  /** Null: those of the first experiment. */
  notify: z.array(notifyTarget).max(MOST_TARGETS).nullable().default(null),
  idempotency_key: commonSubmission.idempotency_key,
});

/** Of queries, what is not known is refused: a condition that is mistyped must not widen what is meant. */
export const listQuery = z.strictObject({
  status: repeated(z.enum(STATUSES)),
  operator: z.string().optional(),
  project: z.string().optional(),
  engine: z.string().optional(),
  /** Name of a key. */
  submitted_by: z.string().optional(),
  /** Of the commit that ran. */
  branch: z.string().optional(),
  /** A SHA, or its beginning. */
  commit: z
    .string()
    .regex(/^[0-9a-f]{4,64}$/, 'a SHA, or at least 4 digits of one')
    .optional(),
  /** `key=value`, or `key` with any value; all must hold. */
  label: repeated(z.string()),
  /** The sweep's name. */
  sweep: z.string().optional(),
  message: z.string().optional(),
  since: z.iso.datetime({ precision: 3 }).optional(),
  /** Created before it. */
  until: z.iso.datetime({ precision: 3 }).optional(),
  /** Resubmitted from this experiment. */
  resubmit_of: z.uuid().optional(),
  /** `metric.NAME`, `-metric.NAME`: by its last value, the largest first. Without: the newest first. */
  sort: z.string().max(1000).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  cursor: z.string().optional(),
});

export const experimentList = z.object({
  experiments: z.array(experimentSummary),
  next_cursor: z.string().nullable(),
});

/** `GET /v1/watch`: these experiments until all are terminal, or what the list query says, for ever. */
export const watchQuery = listQuery.extend({ id: repeated(experimentRef) });

/** Which experiments a cancel or delete means: ids, or a sweep and labels (all must hold), or all. */
export const selection = z.object({
  ids: z.array(experimentRef).max(10_000).optional(),
  labels: z.array(z.string()).optional(),
  sweep: z.string().optional(),
  all: z.literal(true).optional(),
});
export const deletion = selection.extend({ outputs: z.boolean().default(false) });
/** Labels that are set (null: removed), and the note (null: removed; absent: as it is). */
export const annotation = selection.extend({
  set_labels: z.record(z.string().min(1).max(200), z.string().max(1000).nullable()).default({}),
  note: z.string().max(10_000).nullable().optional(),
});
/** What ended longer ago than that, of those with all these labels, and of that sweep. */
export const pruning = z.object({
  older_than_s: z.number().min(0),
  labels: z.array(z.string()).default([]),
  sweep: z.string().optional(),
  outputs: z.boolean().default(false),
});

/** Several ids: the document of those that could be done, and one error for each that could not. */
export const bulkResult = z.object({
  experiments: z.array(experimentSummary),
  errors: z.array(
    z.object({ id: z.string(), code: z.string(), message: z.string(), hint: z.string().nullable() }),
  ),
});

/** What is searched for in a log. */
export const oneLine = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^[^\n]*$/, 'one line is looked for');

export const logQuery = z.strictObject({
  follow: z.stringbool().default(false),
  after: z.coerce.number().int().min(0).optional(),
  before: z.coerce.number().int().min(0).optional(),
  pod: z.string().optional(),
  type: z.string().optional(),
  step: z.enum(STEPS).optional(),
  attempt: z.coerce.number().int().min(1).optional(),
  since: z.iso.datetime({ precision: 3 }).optional(),
  until: z.iso.datetime({ precision: 3 }).optional(),
  /** Small letters stand for large ones too; a text with a large one is taken as it is. */
  grep: oneLine.optional(),
  tail: z.coerce.number().int().min(0).optional(),
  /** Of the lines that all the rest leaves: so many are passed over, and no more than so many given out. */
  offset: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).optional(),
  /** The sequence `tail` is counted back from: who resumes a stream gets the same tail again. */
  tail_at: z.coerce.number().int().min(0).optional(),
  /** Bytes at the start that are left out (`raw`): who resumes. */
  skip: z.coerce.number().int().min(0).optional(),
  /** The exact bytes of one pod (`pod` must be given) instead of JSON lines. */
  raw: z.stringbool().default(false),
  /** Lines as text behind the names of their pods, instead of JSON. */
  text: z.stringbool().default(false),
});

const podUse = {
  /** CPUs that are busy; null: not known. */
  cpus: z.number().nullable(),
  /** Memory that it has, in bytes; null: not known. */
  memory_bytes: z.int().nullable(),
  /** How busy its GPUs are, from 0 to 1; null: not known. */
  gpu: z.number().nullable(),
  /** Memory of GPUs that it has, in bytes; null: not known. */
  gpu_memory_bytes: z.int().nullable(),
};

/** What each pod that runs takes at present: CPUs, memory, and how busy its GPUs are (0 to 1). Null: not known there. */
export const usage = z.object({
  pods: z.array(z.object({ pod: z.string(), ...podUse })),
});

/** What pods took over some time: means of the samples, and the peaks beside them. Null: not known there. */
export const usageSpan = z.object({
  /** When the first of the samples was. */
  time: z.iso.datetime({ precision: 3 }),
  /** Seconds from the first of the samples to the last. */
  span_s: z.number(),
  /** Each pod that ran. */
  pods: z.array(z.object({ pod: z.string(), ...podUse, peak: z.object(podUse) })),
});

/** What pods took while they ran, oldest first: at most 240 spans, of more and more samples each the longer it runs. */
export const usageHistory = z.object({ experiment_id: z.uuid(), samples: z.array(usageSpan) });

/** Metrics of an experiment: all, or those with these names. */
export const metricsQuery = z.strictObject({ name: repeated(z.string().min(1).max(1000)) });

/** A point of a series: step, seconds since 1970 by the pod's clock, value, attempt. */
const seriesPoint = z.tuple([z.number(), z.number().nullable(), metricValue, z.int()]);

/** At most 1,000 points each, every local minimum and maximum among them, in the order of writing. */
export const experimentMetrics = z.object({
  experiment_id: z.uuid(),
  metrics: z.array(z.object({ name: z.string(), series: z.array(seriesPoint) })),
});

export const serverStatus = z.object({
  running: z.boolean(),
  pid: z.int().nullable(),
  address: z.string().nullable(),
  version: z.string().nullable(),
  live_experiments: z.int().nullable(),
  disk: z
    .object({
      snapshots: z.int(),
      environments: z.int(),
      logs: z.int(),
      outputs: z.int(),
      repositories: z.int(),
    })
    .nullable(),
  projects: z.array(projectUse).nullable(),
});

export { experimentRecord, experimentSummary };

export type Submission = z.infer<typeof submission>;
export type SubmissionInput = z.input<typeof submission>;
export type Resubmission = z.infer<typeof resubmission>;
export type ResubmissionInput = z.input<typeof resubmission>;
export type ListQuery = z.infer<typeof listQuery>;
export type WatchQuery = z.infer<typeof watchQuery>;
export type ListQueryInput = z.input<typeof listQuery>;
export type ExperimentList = z.infer<typeof experimentList>;
export type Deletion = z.infer<typeof deletion>;
export type Annotation = z.infer<typeof annotation>;
export type AnnotationInput = z.input<typeof annotation>;
export type Pruning = z.infer<typeof pruning>;
export type PruningInput = z.input<typeof pruning>;
export type Selection = z.infer<typeof selection>;
export type BulkResult = z.infer<typeof bulkResult>;
export type LogQuery = z.infer<typeof logQuery>;
export type LogQueryInput = z.input<typeof logQuery>;
export type Usage = z.infer<typeof usage>;
export type UsageSpan = z.infer<typeof usageSpan>;
export type UsageHistory = z.infer<typeof usageHistory>;
export type ExperimentMetrics = z.infer<typeof experimentMetrics>;
export type ServerStatus = z.infer<typeof serverStatus>;
