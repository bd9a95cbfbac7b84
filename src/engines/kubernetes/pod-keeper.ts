import { crashPoint } from '../../machine/crash-point.ts';
import type { LogSource } from '../../logs/line.ts';
import { isClusterError } from './cluster-error.ts';
import type { Cluster } from './cluster.ts';
import { uidOf, type EndedPods } from './ended-pods.ts';
import { isHeld, release } from './finalizer.ts';
import { insist } from './insist.ts';
import type { Pod } from './objects.ts';
import type { LoggedContainer, PodLogs } from './pod-logs.ts';
import { isOver } from './pod-over.ts';
import type { PodObject } from './pod-view.ts';
import type { Look } from './run-state.ts';

/** Has the logs of pods read, and lets go of each pod as soon as its log and its end are known. */
export interface PodKeeper {
  update(look: Look): Promise<void>;
  /** The log of this pod object was read to its end. */
  isRead(uid: string): boolean;
  /** Pods that still run, whose logs are still being read, or that still have our finalizer. */
  left(look: Look): PodObject[];
  /** Lets go of pods whose end nobody waits for any more. */
  abandon(objects: readonly PodObject[]): Promise<void>;
}

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
  const followed = new Set<string>();
  const settling = new Set<string>();
  const read = new Set<string>();
  const released = new Set<string>();

  /** From the first moment on: what a container printed is gone with it when its pod is deleted. */
  function follow(object: PodObject): void {
    for (const { name, started, restart } of object.containers) {
      const key = `${object.uid}/${name}/${restart}`;
      if (!started || followed.has(key)) continue;
      followed.add(key);
      logs.follow(logged(object, { name, restart }, options.repeating));
    }
  }

  /** All of its containers that ever ran have ended. */
  function settle(object: PodObject): void {
    if (settling.has(object.uid)) return;
    settling.add(object.uid);
    const started = object.containers.filter((container) => container.started);
    const keys = started.map(({ name, restart }) => ({ uid: object.uid, container: name, restart }));
    Promise.all(keys.map((key) => logs.settle(key))).then(() => {
      read.add(object.uid);
      onChange();
    }, onError);
  }

  async function letGo({ metadata }: Pod): Promise<void> {
    const { uid = '', name = '' } = metadata ?? {};
    released.add(uid);
    try {
      const signals = [detach];
      await insist(() => release(cluster, { uid, name }), { signals, tell: options.unreachable });
      crashPoint('cluster-pod-released');
    } catch (error) {
      if (detach.aborted) return;
      if (!isClusterError(error)) throw error;
      options.refused(error.message);
    }
    onChange();
  }

  return {
    async update({ observed, view }) {
      const pods = new Map([...observed.gone, ...observed.pods].map((pod) => [uidOf(pod), pod]));
      const done: Pod[] = [];
      for (const object of view.objects) {
        const pod = pods.get(object.uid);
        if (pod === undefined) continue;
        follow(object);
        if (!object.gone && !isOver(pod)) continue;
        settle(object);
        if (read.has(object.uid)) done.push(pod);
      }
      if (done.length === 0) return;
      await ended.add(done);
      crashPoint('cluster-pod-recorded');
      const gone = new Set(view.objects.filter((object) => object.gone).map(({ uid }) => uid));
      const held = done.filter((pod) => isHeld(pod) && !gone.has(uidOf(pod)) && !released.has(uidOf(pod)));
      for (const pod of held) letGo(pod).catch(onError);
    },
    isRead: (uid) => read.has(uid),
    left: ({ view }) =>
      view.objects.filter(
        ({ uid, gone, hasFinalizer }) => !read.has(uid) || (hasFinalizer && !gone && !released.has(uid)),
      ),
    async abandon(objects) {
      for (const { uid, objectName: name, hasFinalizer, gone } of objects)
        if (hasFinalizer && !gone) await letGo({ metadata: { uid, name } });
    },
  };
}

function logged(
  { uid, objectName, pod, attempt }: PodObject,
  { name, restart }: { name: string; restart: number },
  repeating: ReadonlySet<string>,
): LoggedContainer {
  const source: LogSource = { step: 'run', pod, attempt, stream: null };
  return { uid, container: name, restart, objectName, source, repeats: repeating.has(pod) };
}
