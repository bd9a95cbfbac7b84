import type { Container, ContainerState, ContainerStatus, PodCondition } from 'kubernetes-types/core/v1.js';
import type { Pod } from '../api/objects.ts';
import { LABELS } from './labels.ts';

/**
 * A pod as it was last seen: all that anybody asks about what happens to it, and nothing of what it was given
 * (variables, volumes, probes). Plain data: kept in memory, and written to `pods.jsonl`, exactly as it is here.
 */
export interface SeenPod {
  uid: string;
  name: string;
  /** Of the object, as it was seen (`resourceVersion`). */
  version: string;
  /** ISO 8601; null: not said. */
  createdAt: string | null;
  /** Its labels, and those annotations that say who it is (`LABELS`). */
  labels: Readonly<Record<string, string>>;
  finalizers: readonly string[];
  /** Uid of the object whose controller made it; null: none. */
  controller: string | null;
  /** Its deletion was asked for: when it is to be done (ISO 8601), after so many seconds of grace (null: not said). */
  deletion: { at: string; graceS: number | null } | null;
  /** Null: no node has it (yet). */
  node: string | null;
  /** What becomes of its containers when they end: `Never`, `Always`, `OnFailure`. */
  restartPolicy: string;
  /** Labels that it demands of a node. */
  selectors: Readonly<Record<string, string>>;
  /** Names of what holds it back from the scheduler. */
  gates: readonly string[];
  /** `Pending` until a kubelet says otherwise. */
  phase: string;
  /** Of the pod as a whole, as its node says it. */
  reason: string | null;
  message: string | null;
  /** A kubelet has taken it on (ISO 8601). */
  startedAt: string | null;
  conditions: readonly PodCondition[];
  /** The container that does its work. */
  main: SeenContainer;
  /** Containers that have to end before `main` starts, in that order. */
  init: readonly SeenContainer[];
  /** Init containers that go on beside `main`; Kubernetes ends them after it. */
  sidecars: readonly SeenContainer[];
  /** Containers beside `main` that somebody added; Kubernetes waits for their end. */
  beside: readonly SeenContainer[];
  /** Where a submitter of Ray finds the dashboard of its cluster; null: it is no submitter. */
  dashboardAddress: string | null;
}

export interface SeenContainer {
  name: string;
  image: string | null;
  /** Null: nothing is said of it. */
  state: ContainerState | null;
  /** The one before, when it was started again. */
  lastState: ContainerState | null;
  /** How often Kubernetes has started it again. */
  restarts: number;
}

/**
 * Names that our rendering (and KubeRay) give the container that does the work. What others add may be called `main` or
 * `build` as well, beside one of ours: the first of these that a pod has is ours.
 */
const MAIN_NAMES = ['ray-head', 'ray-worker', 'ray-job-submitter', 'main', 'build', 'tensorboard'];

/** KubeRay's name for it. */
const DASHBOARD_ADDRESS = 'RAY_DASHBOARD_ADDRESS';

/** The only reduction of a Pod. Pure. */
export function see({ metadata, spec, status }: Pod): SeenPod {
  const ordinary = joined(spec?.containers, status?.containerStatuses);
  const initial = joined(spec?.initContainers, status?.initContainerStatuses);
  const called = MAIN_NAMES.find((main) => ordinary.some(({ name }) => name === main));
  const main = ordinary.find(({ name }) => name === called) ?? ordinary[0] ?? container({ name: 'main' });
  const isSidecar = sidecarsOf(spec?.initContainers);
  return {
    uid: metadata?.uid ?? '',
    name: metadata?.name ?? '',
    version: metadata?.resourceVersion ?? '',
    createdAt: metadata?.creationTimestamp ?? null,
    labels: labelsOf(metadata ?? {}),
    finalizers: metadata?.finalizers ?? [],
    controller: metadata?.ownerReferences?.find(({ controller }) => controller === true)?.uid ?? null,
    deletion: deletionOf(metadata ?? {}),
    node: spec?.nodeName ?? null,
    restartPolicy: spec?.restartPolicy ?? 'Never',
    selectors: spec?.nodeSelector ?? {},
    gates: spec?.schedulingGates?.map(({ name }) => name) ?? [],
    phase: status?.phase ?? 'Pending',
    reason: status?.reason ?? null,
    message: status?.message ?? null,
    startedAt: status?.startTime ?? null,
    conditions: status?.conditions ?? [],
    main,
    init: initial.filter(({ name }) => !isSidecar(name)),
    sidecars: initial.filter(({ name }) => isSidecar(name)),
    beside: ordinary.filter((each) => each !== main),
    dashboardAddress: addressOf(spec?.containers ?? []),
  };
}

/** All of them, in the order in which they start. */
export function containersOf({ init, sidecars, main, beside }: SeenPod): SeenContainer[] {
  return [...init, ...sidecars, main, ...beside];
}

type Metadata = NonNullable<Pod['metadata']>;

const TELLING: ReadonlySet<string> = new Set(Object.values(LABELS));

function labelsOf({ labels = {}, annotations = {} }: Metadata): Record<string, string> {
  const telling = Object.entries(annotations).filter(([name]) => TELLING.has(name));
  return { ...Object.fromEntries(telling), ...labels };
}

function deletionOf({
  deletionTimestamp: at,
  deletionGracePeriodSeconds: graceS,
}: Metadata): SeenPod['deletion'] {
  return at === undefined ? null : { at, graceS: graceS ?? null };
}

/** A sidecar is an init container that is always started again; the types are older than that. */
function sidecarsOf(containers: readonly Container[] = []): (name: string) => boolean {
  const always = containers.filter((each) => 'restartPolicy' in each && each.restartPolicy === 'Always');
  const names = new Set(always.map(({ name }) => name));
  return (name) => names.has(name);
}

/** Containers with what is said of each; a status may speak of one that the pod does not list. */
function joined(
  containers: readonly Pick<Container, 'name' | 'image'>[] = [],
  statuses: readonly ContainerStatus[] = [],
): SeenContainer[] {
  const byName = new Map(statuses.map((status) => [status.name, status]));
  const listed = new Set(containers.map(({ name }) => name));
  const others = statuses.filter(({ name }) => !listed.has(name)).map(({ name }) => ({ name }));
  return [...containers, ...others].map((each) => container(each, byName.get(each.name)));
}

function container(
  { name, image }: Pick<Container, 'name' | 'image'>,
  status?: ContainerStatus,
): SeenContainer {
  return {
    name,
    image: image ?? null,
    state: status?.state ?? null,
    lastState: status?.lastState ?? null,
    restarts: status?.restartCount ?? 0,
  };
}

function addressOf(containers: readonly Container[]): string | null {
  const variables = containers.flatMap(({ env }) => env ?? []);
  return variables.find(({ name }) => name === DASHBOARD_ADDRESS)?.value ?? null;
}
