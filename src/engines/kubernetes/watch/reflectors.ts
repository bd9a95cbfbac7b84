import type { Change } from './mirror.ts';
import { EXPERIMENT_LABEL, RESOURCES, type KubeObject, type Resource } from '../api/objects.ts';
import type { ObjectsIndex } from './objects-index.ts';
import { startReflector, type Reflector, type ReflectorOptions } from './reflector.ts';
import type { Trouble } from './contact.ts';
import { see } from '../pod/seen-pod.ts';
import { slimEvent, slimJob, slimJobSet, slimRayJob } from './slim-workloads.ts';

type Workload = 'jobset' | 'rayjob';

/** All reflectors of a namespace together. `workload`: only what an experiment of that kind needs; else all. */
export interface Reflectors {
  synced(workload?: Workload): boolean;
  /** The oldest. */
  trouble(workload?: Workload): Trouble | null;
  /** Somebody is about to create one. */
  expect(workload?: Workload): void;
  close(): void;
}

interface ReflectorsOptions extends Pick<
  ReflectorOptions<KubeObject>,
  'cluster' | 'onState' | 'log' | 'now' | 'chance' | 'watchS'
> {
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
    const selector =
      resource === RESOURCES.events ? { fieldSelector: 'type=Warning' } : { labelSelector: EXPERIMENT_LABEL };
    return startReflector<T, K>({
      ...common,
      resource,
      selector,
      keep,
      onChange: (changes) => onTouched(take(changes)),
    });
  }
  const jobset = start(RESOURCES.jobsets, slimJobSet, index.jobsets);
  const rayjob = start(RESOURCES.rayjobs, slimRayJob, index.rayjobs);
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
    expect: (only) => workloads(only).forEach((one) => one.lookAgain()),
    close: () => [jobset, rayjob, pods, jobs, events].forEach((one) => one.close()),
  };
}
