import { objectName } from '../../../operators/object-name.ts';
import type { Change } from './mirror.ts';
import {
  EXPERIMENT_LABEL,
  type Event,
  type Job,
  type KubeObject,
  type ObservedJobSet,
  type ObservedRayJob,
  type QueuedWorkload,
} from '../api/objects.ts';
import type { SeenPod } from '../pod/seen-pod.ts';
import type { Observed, ObservedWorkload } from './observed.ts';
import { involvedExperiment, queuedExperiment } from './slim-workloads.ts';

/** Everything that is seen, by the experiment that it belongs to. Pure. */
export interface ObjectsIndex {
  /** Take changes in, and return the ids (events: object names) of the experiments that they are about. */
  jobsets(changes: readonly Change<ObservedJobSet>[]): Set<string>;
  rayjobs(changes: readonly Change<ObservedRayJob>[]): Set<string>;
  jobs(changes: readonly Change<Job>[]): Set<string>;
  pods(changes: readonly Change<SeenPod>[]): Set<string>;
  events(changes: readonly Change<Event>[]): Set<string>;
  queued(changes: readonly Change<QueuedWorkload>[]): Set<string>;
  observed(experimentId: string): Observed;
  /** The part of it that is cheap to look at, however many pods there are. */
  workload(experimentId: string): ObservedWorkload;
  /** A workload or a Job of it with this uid was seen, and is gone. */
  hasGone(experimentId: string, uid: string): boolean;
  /** Nobody looks at it any more: what is gone of it need not be remembered. */
  forget(experimentId: string): void;
}

interface Bucket {
  jobsets: Map<string, ObservedJobSet>;
  rayjobs: Map<string, ObservedRayJob>;
  jobs: Map<string, Job>;
  pods: Map<string, SeenPod>;
  gone: Map<string, SeenPod>;
  /** Uids of workloads and Jobs that are gone. */
  goneObjects: Map<string, true>;
}

type Live = Exclude<keyof Bucket, 'gone' | 'goneObjects'>;

/** Pods of so many that are gone are remembered for each experiment; the engine keeps its own notes of those before. */
const MOST_GONE = 5_000;
const MOST_EVENTS = 200;
/** Experiments whose warnings are kept. */
const MOST_WARNED = 1_000;

/** `isWatched`: somebody looks at the experiment; of others only what is there is remembered. */
export function createObjectsIndex(isWatched: (experimentId: string) => boolean): ObjectsIndex {
  const buckets = new Map<string, Bucket>();
  const warnings = new Map<string, Map<string, Event>>();
  /** By the name of the object that is queued. */
  const queued = new Map<string, QueuedWorkload>();

  function bucketOf(id: string): Bucket {
    const bucket = buckets.get(id) ?? newBucket();
    buckets.set(id, bucket);
    return bucket;
  }
  function forget(id: string): void {
    const bucket = buckets.get(id);
    if (bucket === undefined) return;
    bucket.gone.clear();
    bucket.goneObjects.clear();
    const kinds: Live[] = ['jobsets', 'rayjobs', 'jobs', 'pods'];
    if (kinds.some((kind) => bucket[kind].size > 0)) return;
    buckets.delete(id);
    warnings.delete(objectName(id));
  }
  function taker<T>(
    who: (object: T) => { uid: string; id: string | undefined },
    place: (bucket: Bucket) => Map<string, T>,
    onGone?: (bucket: Bucket, last: T) => void,
  ) {
    return (changes: readonly Change<T>[]) => {
      const touched = new Set<string>();
      for (const { type, object } of changes) {
        const { uid, id } = who(object);
        if (id === undefined) continue;
        touched.add(id);
        const bucket = bucketOf(id);
        if (type === 'there') place(bucket).set(uid, object);
        else if (place(bucket).delete(uid)) {
          if (isWatched(id)) onGone?.(bucket, object);
          else forget(id);
        }
      }
      return touched;
    };
  }
  return {
    jobsets: taker(ofObject, (bucket) => bucket.jobsets, noteGone),
    rayjobs: taker(ofObject, (bucket) => bucket.rayjobs, noteGone),
    jobs: taker(ofObject, (bucket) => bucket.jobs, noteGone),
    pods: taker(
      ({ uid, labels }) => ({ uid, id: labels[EXPERIMENT_LABEL] }),
      (bucket) => bucket.pods,
      ({ gone }, last) => setBounded(gone, last.uid, last, MOST_GONE),
    ),
    events(changes) {
      const touched = new Set<string>();
      for (const { type, object } of changes) {
        const name = involvedExperiment(object);
        // A warning holds after the API server has forgotten it.
        if (name === null || type === 'gone') continue;
        const told = warnings.get(name) ?? new Map<string, Event>();
        setBounded(told, object.metadata?.uid ?? '', object, MOST_EVENTS);
        setBounded(warnings, name, told, MOST_WARNED);
        touched.add(name);
      }
      return touched;
    },
    queued: queuedTaker(queued),
    observed(id) {
      const bucket = buckets.get(id) ?? newBucket();
      const { jobs, pods, gone } = bucket;
      return {
        ...workloadIn(bucket),
        queued: queued.get(objectName(id)) ?? null,
        jobs: [...jobs.values()],
        pods: [...pods.values()],
        gone: [...gone.values()],
        events: [...(warnings.get(objectName(id))?.values() ?? [])].sort((a, b) =>
          compare(timeOf(a), timeOf(b)),
        ),
      };
    },
    hasGone: (id, uid) => buckets.get(id)?.goneObjects.has(uid) ?? false,
    workload: (id) => workloadIn(buckets.get(id) ?? newBucket()),
    forget,
  };
}

/** Of the name of the object that is queued, what the queue makes of it. */
function queuedTaker(queued: Map<string, QueuedWorkload>): ObjectsIndex['queued'] {
  return (changes) => {
    const touched = new Set<string>();
    for (const { type, object } of changes) {
      const name = queuedExperiment(object);
      if (name === null) continue;
      const known = queued.get(name)?.metadata?.uid;
      if (type === 'there') queued.set(name, object);
      else if (known === object.metadata?.uid) queued.delete(name);
      touched.add(name);
    }
    return touched;
  };
}

function workloadIn({ jobsets, rayjobs }: Bucket): ObservedWorkload {
  return { jobset: latest(jobsets.values()), rayjob: latest(rayjobs.values()) };
}

function newBucket(): Bucket {
  const live = { jobsets: new Map(), rayjobs: new Map(), jobs: new Map(), pods: new Map() };
  return { ...live, gone: new Map(), goneObjects: new Map() };
}

function noteGone({ goneObjects }: Bucket, { metadata }: KubeObject): void {
  if (metadata?.uid !== undefined) setBounded(goneObjects, metadata.uid, true, MOST_GONE);
}

/** The one put in last is the newest; the oldest goes when there are too many. */
function setBounded<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

/** Of several attempts that were submitted anew, the last. */
function latest<T extends KubeObject>(objects: Iterable<T>): T | null {
  let found: T | null = null;
  for (const object of objects)
    if (found === null || compare(createdAt(found), createdAt(object)) <= 0) found = object;
  return found;
}

function createdAt({ metadata }: KubeObject): string {
  return metadata?.creationTimestamp ?? '';
}

/** When it was last so. ISO 8601, which sorts as text does. */
function timeOf(event: Event): string {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? createdAt(event);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function ofObject({ metadata }: KubeObject): { uid: string; id: string | undefined } {
  return { uid: metadata?.uid ?? '', id: metadata?.labels?.[EXPERIMENT_LABEL] };
}
