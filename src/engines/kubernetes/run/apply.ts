import type { Explanation } from '../../../experiment/failure/explain.ts';
import type { Notice } from '../../../experiment/record.ts';
import { crashPoint } from '../../../base/io/crash-point.ts';
import { renderKubernetes, type KubernetesObject } from '../../../render/kubernetes/objects.ts';
import { nameOf, type Rendering } from '../../../render/kubernetes/rendering.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import { isUnreachable } from '../api/insist.ts';
import { EXPERIMENT_LABEL, RESOURCES, type KubeObject, type Resource } from '../api/objects.ts';
import { explainRefusal, type Refused } from '../api/explain-refusal.ts';
import { workloadOf } from '../workload/choose-workload.ts';
import { renderSecretValues } from './secret-values.ts';

/** The cluster does not take an object of the experiment. */
export class ApplyRefused extends Error {
  readonly explanation: Explanation;
  /** A quota is used up: it is taken later. */
  readonly isForRoom: boolean;

  constructor(explanation: Explanation, options: ErrorOptions) {
    super(explanation.explanation, options);
    this.name = 'ApplyRefused';
    this.explanation = explanation;
    this.isForRoom = isClusterError(options.cause, 403) && /exceeded quota/.test(options.cause.message);
  }
}

/** The objects of an experiment, sorted by when they are applied. */
export interface ToApply {
  /** What pods wait for: values of secrets, the shared volume. */
  before: Wanted[];
  workload: Wanted;
  /** What stands beside it. */
  beside: Wanted[];
}

interface Wanted {
  resource: Resource;
  name: string;
  object: KubeObject;
}

const RESOURCE_OF: Record<KubernetesObject['kind'] & string, Resource> = {
  JobSet: RESOURCES.jobsets,
  RayJob: RESOURCES.rayjobs,
  PersistentVolumeClaim: RESOURCES.claims,
  Job: RESOURCES.jobs,
  Deployment: RESOURCES.deployments,
  Service: RESOURCES.services,
};

/** Kind of the workload of a plan. */
export function workloadResource({ plan }: Pick<Rendering, 'plan'>): Resource {
  return workloadOf(plan).resource;
}

/** What `manifest render` shows less the build, and the values of secrets, which it never shows. */
export function toApply(rendering: Rendering, secrets: Readonly<Record<string, string>>): ToApply {
  const objects: (KubeObject & { kind?: string })[] = renderKubernetes(rendering);
  const values = renderSecretValues(rendering, secrets);
  const ofKind = (...kinds: string[]) => objects.filter(({ kind }) => kinds.includes(kind ?? ''));
  const [workload] = ofKind('JobSet', 'RayJob');
  if (workload === undefined) throw new RangeError('a plan without a workload has nothing to apply');
  return {
    before: [
      ...(values === null ? [] : [wanted(RESOURCES.secrets, values)]),
      ...ofKind('PersistentVolumeClaim').map((object) => wanted(RESOURCES.claims, object)),
    ],
    workload: wanted(workloadResource(rendering), workload),
    beside: ofKind('Deployment', 'Service').map((object) => wanted(resourceOf(object), object)),
  };
}

function resourceOf({ kind = '' }: KubeObject): Resource {
  const resource = Object.entries(RESOURCE_OF).find(([name]) => name === kind)?.[1];
  if (resource === undefined) throw new RangeError(`objects of kind ${kind} are not applied`);
  return resource;
}

function wanted(resource: Resource, object: KubeObject): Wanted {
  return { resource, name: object.metadata?.name ?? '', object };
}

/** What pods wait for, then the workload. An earlier one of ours is taken as it is. Throws `ApplyRefused`. */
export async function applyWorkload(
  cluster: Cluster,
  { before, workload }: ToApply,
  experimentId: string,
): Promise<KubeObject> {
  const { resource, name, object } = workload;
  const there = await refusing(cluster, { verb: 'get', resource, name }, () => cluster.get(resource, name));
  if (there !== null) return adopt(there, { experimentId, name, namespace: cluster.namespace });
  for (const each of before) await applyOne(cluster, each);
  crashPoint('cluster-prepared');
  return applyOne(cluster, { resource, name, object });
}

/** Uid of the experiment's workload, whoever created it; null: there is none. */
export async function uidOfOurs(cluster: Cluster, rendering: Rendering): Promise<string | null> {
  const there = await cluster.get(workloadResource(rendering), nameOf(rendering));
  const isOurs = there?.metadata?.labels?.[EXPERIMENT_LABEL] === rendering.experimentId;
  return isOurs ? (there.metadata?.uid ?? null) : null;
}

/** A name is made of the id's first characters: what has it may be of another experiment. */
function adopt(
  there: KubeObject,
  { experimentId, name, namespace }: { experimentId: string; name: string; namespace: string },
): KubeObject {
  const owner = there.metadata?.labels?.[EXPERIMENT_LABEL];
  if (owner === experimentId && there.metadata?.deletionTimestamp === undefined) return there;
  const whose = owner === undefined ? 'is not of an experiment' : `belongs to experiment ${owner}`;
  const isOurs = owner === experimentId;
  throw new ApplyRefused(
    {
      reason: isOurs ? 'RemovedOutside' : 'StartFailed',
      explanation: isOurs
        ? `${there.kind ?? 'the workload'} ${name} was deleted by somebody else in the moment it was created`
        : `namespace ${namespace} has a ${there.kind ?? 'workload'} ${name} already, which ${whose}; delete it and resubmit`,
    },
    {},
  );
}

async function applyOne(cluster: Cluster, { resource, name, object }: Wanted): Promise<KubeObject> {
  return refusing(cluster, { verb: 'patch', resource, name }, () => cluster.apply(resource, object));
}

/** Makes a refusal of something that is asked for an explanation; what cannot be reached stays what it is. */
async function refusing<T>(
  cluster: Cluster,
  asked: Omit<Refused, 'error'>,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isClusterError(error) || isUnreachable(error)) throw error;
    throw new ApplyRefused(await explainRefusal(cluster, { ...asked, error }), { cause: error });
  }
}

/**
 * What stands beside the workload, and who owns what, so that all of it goes with the workload when nobody is there to
 * delete it. Training is worth more than this: a refusal is told, and the experiment goes on.
 */
export async function applyBeside(
  cluster: Cluster,
  { before, beside }: ToApply,
  owner: KubeObject,
): Promise<Notice[]> {
  const notices: Notice[] = [];
  const owned = [...before];
  for (const each of beside) {
    try {
      await applyOne(cluster, each);
      owned.push(each);
    } catch (error) {
      if (!(error instanceof ApplyRefused)) throw error;
      notices.push({ code: 'tensorboard_unavailable', message: error.explanation.explanation });
    }
  }
  const ownerReferences = [referenceTo(owner)];
  for (const { resource, name } of owned) {
    try {
      await refusing(cluster, { verb: 'patch', resource, name }, () =>
        cluster.patch(resource, name, { metadata: { ownerReferences } }),
      );
    } catch (error) {
      if (!(error instanceof ApplyRefused)) throw error;
      notices.push({ code: 'objects_unowned', message: error.explanation.explanation });
    }
  }
  return notices;
}

function referenceTo({ apiVersion, kind, metadata }: KubeObject) {
  return { apiVersion, kind, name: metadata?.name, uid: metadata?.uid };
}

/** Lets go of what a workload owns, so that it stays when the workload is deleted to be created anew. */
export async function disown(cluster: Cluster, { before, beside }: ToApply): Promise<void> {
  for (const { resource, name } of [...before, ...beside]) {
    await cluster.patch(resource, name, { metadata: { ownerReferences: null } });
  }
}
