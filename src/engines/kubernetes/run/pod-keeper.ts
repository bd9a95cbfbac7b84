import { createUnderWay } from '../../../base/async/under-way.ts';
import { crashPoint } from '../../../base/io/crash-point.ts';
import type { LogSource } from '../../../logs/line.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import type { EndedPods } from './ended-pods.ts';
import { isHeld, release } from '../api/finalizer.ts';
import { insist } from '../api/insist.ts';
import type { LoggedContainer, PodLogs } from '../logs/pod-logs.ts';
import { isOver } from '../pod/over.ts';
import { isWorkOver, type ContainerView } from '../pod/containers.ts';
import type { SeenPod } from '../pod/seen-pod.ts';
import type { Look, PodObject } from '../status/model.ts';

/** Has the logs of pods read, and lets go of each pod as soon as its log and its end are known. */
export interface PodKeeper {
  update(look: Look): Promise<void>;
  /** The log of this pod object was read to its end. */
  isRead(uid: string): boolean;
  /** Its log is being read. */
  isReading(uid: string): boolean;
  /** Resolves when no log of a pod that has ended is being read, and no pod is being let go of. */
  idle(): Promise<void>;
  /** Milliseconds until pods may be deleted without a loss: the log of each that runs is being read. 0: now. */
  untilSafe(): number;
  /** Pods that still run, as far as they are the experiment's. */
  running(look: Look): PodObject[];
  /** Pods that still run, whose logs are still being read, or that still have our finalizer. */
  left(look: Look): PodObject[];
  /** Lets go of pods whose end nobody waits for any more. */
  abandon(objects: readonly PodObject[]): Promise<void>;
}

/** The log of a container, from one of its starts to its end. */
interface Reading {
  logged: LoggedContainer;
  state: 'followed' | 'settling' | 'read';
  /** By a clock that only goes forward. */
  since: number;
}

/** Opening a log takes less than this; or its container prints nothing. */
const OPENING_MS = 1000;

interface KeeperOptions {
  cluster: Cluster;
  logs: PodLogs;
  ended: EndedPods;
  /** Pods that print again what an earlier object of theirs printed. */
  repeating: ReadonlySet<string>;
  detach: AbortSignal;
  onChange(): void;
  onError(error: unknown): void;
  unreachable(why: string | null): void;
  /** The cluster does not let us. */
  refused(message: string): void;
}

export function createPodKeeper(options: KeeperOptions): PodKeeper {
  const { cluster, logs, ended, detach, onChange, onError } = options;
  /** By uid of the pod: one for each start of a container. */
  const readings = new Map<string, Reading[]>();
  /** Pods that are over and whose logs were read, by uid. */
  const read = new Set<string>();
  /** Pods that the cluster was told of, and has answered: nothing more is to be done about them. */
  const released = new Set<string>();
  let isRefused = false;
  /** Logs that are read to their end, and pods that are let go of. */
  const underWay = createUnderWay();
  /** `onChange` when it is done. */
  const doing = (work: Promise<void>) => underWay.add(work.then(onChange).catch(onError));

  /** From the first moment on: what a container printed is gone with it when its pod is deleted. */
  function readLogs(object: PodObject, isOver: boolean): boolean {
    const mine = readings.get(object.uid) ?? [];
    readings.set(object.uid, mine);
    for (const container of object.containers.filter(({ started }) => started)) {
      const logged = loggedContainer(object, container, options.repeating);
      const isSame = (each: Reading) => each.logged.container === container.name;
      if (!mine.some((each) => isSame(each) && each.logged.restart === container.restart)) {
        mine.push({ logged, state: 'followed', since: performance.now() });
        logs.follow(logged);
      }
      for (const each of mine.filter(isSame))
        if (isOver || container.ended || each.logged.restart < container.restart) settle(each);
    }
    return mine.every(({ state }) => state === 'read');
  }

  function settle(reading: Reading): void {
    if (reading.state !== 'followed') return;
    reading.state = 'settling';
    const settled = logs.settle(reading.logged).then(() => {
      reading.state = 'read';
    });
    doing(settled);
  }

  async function letGo({ uid, name }: { uid: string; name: string }): Promise<void> {
    try {
      const signals = [detach];
      await insist(() => release(cluster, { uid, name }), { signals, tell: options.unreachable });
      crashPoint('cluster-pod-released');
    } catch (error) {
      if (detach.aborted) return;
      if (!isClusterError(error)) throw error;
      if (!isRefused) options.refused(error.message);
      isRefused = true;
    }
    released.add(uid);
  }

  return {
    async update({ observed, view }) {
      const pods = new Map([...observed.gone, ...observed.pods].map((pod) => [pod.uid, pod]));
      const done: SeenPod[] = [];
      for (const object of view.objects) {
        const pod = pods.get(object.uid);
        if (pod === undefined || read.has(object.uid)) continue;
        const over = object.gone || isOver(pod);
        if (!readLogs(object, over) || !over) continue;
        read.add(object.uid);
        done.push(pod);
      }
      if (done.length === 0) return;
      await ended.add(done);
      crashPoint('cluster-pod-recorded');
      const there = new Set(observed.pods.map(({ uid }) => uid));
      for (const pod of done) if (isHeld(pod) && there.has(pod.uid)) doing(letGo(pod));
    },
    isRead: (uid) => read.has(uid),
    isReading: (uid) => readings.get(uid)?.some(({ state }) => state !== 'read') ?? false,
    idle: underWay.idle,
    untilSafe() {
      const unopened = [...readings.values()]
        .flat()
        .filter(({ state, logged }) => state === 'followed' && !logs.isOpened(logged));
      const latest = Math.max(...unopened.map(({ since }) => since + OPENING_MS));
      return Math.max(0, latest - performance.now());
    },
    running({ observed, view }) {
      const over = new Set(observed.pods.filter(isWorkOver).map(({ uid }) => uid));
      return view.objects.filter(({ uid, gone }) => !gone && !over.has(uid));
    },
    left: ({ view }) =>
      view.objects.filter(
        ({ uid, gone, hasFinalizer }) => !read.has(uid) || (hasFinalizer && !gone && !released.has(uid)),
      ),
    async abandon(objects) {
      for (const { uid, objectName: name, hasFinalizer, gone } of objects)
        if (hasFinalizer && !gone) await letGo({ uid, name });
    },
  };
}

function loggedContainer(
  { uid, objectName, pod, attempt }: PodObject,
  { name, restart }: ContainerView,
  repeating: ReadonlySet<string>,
): LoggedContainer {
  const source: LogSource = { step: 'run', pod, attempt, stream: null };
  return { uid, container: name, restart, objectName, source, repeats: repeating.has(pod) };
}
