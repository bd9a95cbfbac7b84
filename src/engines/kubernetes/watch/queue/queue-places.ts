import type { Cluster } from '../../api/cluster.ts';
import { listAt, partOf, readDocument, textAt } from '../../api/document.ts';
import { servedVersions } from '../../api/served.ts';

/** Where workloads stand in their queue, as Kueue's visibility API tells it. Whether it is there is found out. */
export interface QueuePlaces {
  /**
   * What was last heard of a workload's place, counted from 1 over all that wait for the same room; null: nothing. What is old is
   * asked for again, for all of the queue at once: `changed` is called when it is there.
   */
  of(waiting: { queue: string; workload: string }, changed: () => void): number | null;
}

const GROUP = 'visibility.kueue.x-k8s.io';
/** So long an answer is believed; a queue of many experiments is asked for once. */
const BELIEVED_MS = 4000;
/** Where nobody answers (it is optional, and so is the right to it) it is asked for again after this time only. */
const SILENT_MS = 60_000;

interface Heard {
  until: number;
  places: ReadonlyMap<string, number>;
}

/** @param clock milliseconds that only go forward */
export function createQueuePlaces(cluster: Cluster, clock = () => performance.now()): QueuePlaces {
  const heard = new Map<string, Heard>();
  const asking = new Set<string>();

  async function ask(queue: string): Promise<Heard> {
    try {
      const [version] = await servedVersions(cluster, GROUP);
      if (version === undefined) return { until: clock() + SILENT_MS, places: new Map() };
      const name = encodeURIComponent(queue);
      const path = `/apis/${GROUP}/${version}/namespaces/${cluster.namespace}/localqueues/${name}/pendingworkloads`;
      return { until: clock() + BELIEVED_MS, places: placesIn(await readDocument(cluster, path)) };
    } catch {
      // It only explains, so nothing fails for its sake.
      return { until: clock() + SILENT_MS, places: new Map() };
    }
  }
  async function refresh(queue: string, changed: () => void): Promise<void> {
    asking.add(queue);
    heard.set(queue, await ask(queue));
    asking.delete(queue);
    changed();
  }
  return {
    of({ queue, workload }, changed) {
      const known = heard.get(queue);
      if (!asking.has(queue) && (known === undefined || known.until <= clock())) void refresh(queue, changed);
      return known?.places.get(workload) ?? null;
    },
  };
}

/** Of a `PendingWorkloadsSummary`, which counts from 0. */
function placesIn(summary: unknown): ReadonlyMap<string, number> {
  return new Map(
    listAt(summary, 'items').flatMap((each): [string, number][] => {
      const name = textAt(each, 'metadata', 'name');
      // Not said of the first: Go leaves out what is 0.
      const place = partOf(each, 'positionInClusterQueue') ?? 0;
      return name === null || typeof place !== 'number' ? [] : [[name, place + 1]];
    }),
  );
}
