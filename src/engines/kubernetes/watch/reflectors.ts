import type { Cluster } from '../api/cluster.ts';
import type { Change } from './mirror.ts';
import { EXPERIMENT_LABEL, RESOURCES, type KubeObject, type Resource } from '../api/objects.ts';
import type { ObjectsIndex } from './objects-index.ts';
import { startReflector, type Reflector, type ReflectorOptions } from './reflector.ts';
import type { Trouble } from './contact.ts';
import { see } from '../pod/seen-pod.ts';
import { createQueueWatch } from './queue/queue-watch.ts';
import { slimEvent, slimJob, slimJobSet, slimQueued, slimRayJob } from './slim-workloads.ts';

type Workload = 'jobset' | 'rayjob';

/** All reflectors of a namespace together. `workload`: only what an experiment of that kind needs; else all. */
export interface Reflectors {
  synced(workload?: Workload): boolean;
  /** The oldest. */
  trouble(workload?: Workload): Trouble | null;
  /** Since when all of them have told of every change; null: one does not. */
  tellSince(workload?: Workload): number | null;
  /** Somebody is about to create one. */
  expect(workload?: Workload): void;
  close(): void;
}

interface ReflectorsOptions extends Pick<
  ReflectorOptions<KubeObject>,
  'onState' | 'log' | 'now' | 'chance' | 'watchS'
> {
  cluster: Cluster;
  index: ObjectsIndex;
  /** Ids or object names of experiments that something was seen of. */
  onTouched: (names: ReadonlySet<string>) => void;
}

export function startReflectors({ index, onTouched, ...common }: ReflectorsOptions): Reflectors {
  function start<T extends KubeObject, K = T>(
    resource: Resource,
    keep: (object: T) => K | null,
    take: (changes: readonly Change<K>[]) => Set<string>,
  ): Reflector {
    const selector = selectorOf(resource);
    return startReflector<T, K>({
      ...common,
      resource,
      selector,
      keep,
      onChange: (changes) => onTouched(take(changes)),
    });
  }
  const queue = createQueueWatch(common.cluster, (resource) => start(resource, slimQueued, index.queued));
  const seen =
    <T extends KubeObject>(take: (changes: readonly Change<T>[]) => Set<string>) =>
    (changes: readonly Change<T>[]) => {
      queue.look(changes);
      return take(changes);
    };
  const jobset = start(RESOURCES.jobsets, slimJobSet, seen(index.jobsets));
  const rayjob = start(RESOURCES.rayjobs, slimRayJob, seen(index.rayjobs));
  const pods = start(RESOURCES.pods, see, index.pods);
  const jobs = start(RESOURCES.jobs, slimJob, index.jobs);
  // They only explain; who may not read them can still run.
  const events = start(RESOURCES.events, slimEvent, index.events);
  const workloads = (only?: Workload) => [
    ...(only === 'rayjob' ? [] : [jobset]),
    ...(only === 'jobset' ? [] : [rayjob]),
  ];
  return {
    synced: (only) => [pods, jobs, ...workloads(only)].every((one) => one.synced()),
    trouble: (only) =>
      [pods, jobs, ...workloads(only)]
        .flatMap((one) => one.trouble() ?? [])
        .reduce<Trouble | null>(
          (oldest, one) => (oldest === null || one.since < oldest.since ? one : oldest),
          null,
        ),
    tellSince(only) {
      const all = [pods, jobs, ...workloads(only)].map((one) => one.tellsSince());
      return all.every((since) => since !== null) ? Math.max(...all) : null;
    },
    expect: (only) => workloads(only).forEach((one) => one.lookAgain()),
    close: () => [jobset, rayjob, pods, jobs, events, queue].forEach((one) => one.close()),
  };
}

/** What a queue makes of a workload has none of its labels. */
function selectorOf({ kind }: Resource): ReflectorOptions<KubeObject>['selector'] {
  if (kind === RESOURCES.workloads.kind) return {};
  return kind === RESOURCES.events.kind
    ? { fieldSelector: 'type=Warning' }
    : { labelSelector: EXPERIMENT_LABEL };
}
