import * as z from 'zod';
import { count, deprecated, filledText, optional, required, textMap } from './field.ts';
import { resources } from './resources.ts';

const perPod = () => required(resources, 'What each pod asks for.');

const worker = z.strictObject({
  count: optional(count(0), 'Number of pods (with a TPU: of slices).', 1),
  resources: perPod(),
});
export type WrittenWorker = z.infer<typeof worker>;

export const jaxTypes = z.strictObject({
  worker: optional(worker, 'The pods. The first one is the coordinator.'),
  Worker: deprecated(worker, 'Earlier spelling of `worker`.'),
});

export const masterWorkerTypes = z.strictObject({
  worker: optional(worker, 'The pods. The first one is rank 0, which the others connect to.'),
  Master: deprecated(worker, 'Form of 0.2.2: now one `worker`, whose count is the sum.'),
  Worker: deprecated(worker, 'Form of 0.2.2: now `worker`.'),
});

const group = z.strictObject({
  count: optional(count(0), 'Number of jobs in this group.', 1),
  completions: optional(count(1), 'Number of pods of each job.', 1),
  parallelisms: optional(count(1).max(100_000), 'How many pods of a job run at the same time.', 1),
  resources: perPod(),
});
export type WrittenGroup = z.infer<typeof group>;

/** Names are judged by a rule of their own, which can say more than "does not match"; editors get the pattern. */
export const jobSetTypes = z
  .record(z.string(), group)
  .meta({ propertyNames: { pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$' } });

const rayStartParams = () =>
  optional(
    textMap(),
    'Added to the parameters of `ray start`, or instead of the defaults. Values are texts.',
  );

const head = z.strictObject({ resources: perPod(), rayStartParams: rayStartParams() });

const workerGroup = z.strictObject({
  name: required(filledText(), 'Name of the group; also a logical resource of Ray.'),
  count: optional(count(0), 'Number of pods (with a TPU: of slices).', 0),
  resources: perPod(),
  rayStartParams: rayStartParams(),
});

export const kubeRayTypes = z.strictObject({
  Head: required(head, 'The one head pod: scheduler of the cluster and dashboard.'),
  Workers: optional(z.array(workerGroup), 'Groups of worker pods.'),
});

const workerPool = z.strictObject({
  machineSpec: required(
    z.strictObject({
      machineType: required(filledText(), 'Machine type, for example `n1-standard-4`.'),
      acceleratorType: optional(filledText(), 'Accelerator, for example `NVIDIA_TESLA_T4`.'),
      acceleratorCount: optional(count(0), 'Accelerators per machine.', 0),
    }),
    'The machine of each replica.',
  ),
  replicaCount: optional(count(0), 'Number of machines in this pool.', 1),
});

export const vertexAiTypes = z.strictObject({
  workerPoolSpecs: required(
    z.array(workerPool).min(1),
    "Vertex AI's worker pools; the first one is the chief.",
  ),
});
