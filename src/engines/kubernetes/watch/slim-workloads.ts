import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import type {
  Event,
  Job,
  KubeObject,
  ObservedJobSet,
  ObservedRayJob,
  QueuedWorkload,
} from '../api/objects.ts';

/**
 * What is kept of workloads in memory: all that they say of what happens, and nothing of what they were told to do. A
 * JobSet is mostly its pods' templates. Of pods `see` keeps what is asked for.
 */

const EXPERIMENT_NAME = /^experiment-[0-9a-f]{8}-[0-9a-f]{4}$/;
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Without its template. */
export function slimJob(job: Job): Job {
  const { spec } = job;
  if (spec === undefined) return { ...job, metadata: slimMetadata(job) };
  return { ...job, metadata: slimMetadata(job), spec: { ...spec, template: {} } };
}

export function slimJobSet(jobset: ObservedJobSet): ObservedJobSet {
  const { spec } = jobset;
  const failurePolicy = spec?.failurePolicy && { failurePolicy: spec.failurePolicy };
  const suspend = spec?.suspend === undefined ? {} : { suspend: spec.suspend };
  return { ...jobset, metadata: slimMetadata(jobset), spec: { ...suspend, ...failurePolicy } };
}

export function slimRayJob(rayjob: ObservedRayJob): ObservedRayJob {
  const { suspend, backoffLimit } = rayjob.spec ?? {};
  const spec = {
    ...(suspend !== undefined && { suspend }),
    ...(backoffLimit !== undefined && { backoffLimit }),
  };
  return { ...rayjob, metadata: slimMetadata(rayjob), spec };
}

/** Null for what is queued by others. */
export function slimQueued(workload: QueuedWorkload): QueuedWorkload | null {
  if (queuedExperiment(workload) === null) return null;
  const { queueName, active } = workload.spec ?? {};
  const spec = { ...(queueName !== undefined && { queueName }), ...(active !== undefined && { active }) };
  const { conditions, admissionChecks } = workload.status ?? {};
  const checks = admissionChecks?.map(({ name, state, message = '' }) => ({ name, state, message }));
  const status = { ...(conditions && { conditions }), ...(checks && { admissionChecks: checks }) };
  return { metadata: slimMetadata(workload), spec, status };
}

/** Name of the object that is queued, where it stands for an experiment. */
export function queuedExperiment({ metadata }: KubeObject): string | null {
  const owners = metadata?.ownerReferences ?? [];
  return owners.find(({ name }) => EXPERIMENT_NAME.test(name))?.name ?? null;
}

/** Null for what is said of other objects than an experiment's. */
export function slimEvent(event: Event): Event | null {
  return involvedExperiment(event) === null ? null : { ...event, metadata: slimMetadata(event) };
}

/** The name of the object that stands for the experiment, which its other objects' names begin with. */
export function involvedExperiment({ involvedObject }: Event): string | null {
  return /^experiment-[0-9a-f]{8}-[0-9a-f]{4}(?![^-.])/.exec(involvedObject.name ?? '')?.[0] ?? null;
}

function slimMetadata({ metadata }: KubeObject): ObjectMeta {
  const { managedFields: _, annotations, ...rest } = metadata ?? {};
  if (annotations?.[LAST_APPLIED] === undefined) return { ...rest, ...(annotations && { annotations }) };
  const { [LAST_APPLIED]: __, ...others } = annotations;
  return { ...rest, annotations: others };
}
