import type { Cluster } from '../../api/cluster.ts';
import { QUEUE_LABEL, RESOURCES, type KubeObject, type Resource } from '../../api/objects.ts';
import { servedVersions } from '../../api/served.ts';
import type { Change } from '../mirror.ts';
import type { Reflector } from '../reflector.ts';

/** Watches what a queue says of workloads, from the first workload on that is in one. It only explains. */
export interface QueueWatch {
  /** Workloads as they were seen. */
  look(changes: readonly Change<KubeObject>[]): void;
  close(): void;
}

/** Kueue serves its kinds in several versions, of which any will do. */
export function createQueueWatch(cluster: Cluster, start: (resource: Resource) => Reflector): QueueWatch {
  let reflector: Reflector | null = null;
  let asking = false;
  let closed = false;

  async function begin(): Promise<void> {
    asking = true;
    try {
      const [version] = await servedVersions(cluster, RESOURCES.workloads.group);
      if (version !== undefined && !closed) reflector = start({ ...RESOURCES.workloads, version });
    } catch {
      // It only explains, so nothing fails for its sake: the next workload that is seen asks again.
    } finally {
      asking = false;
    }
  }
  return {
    look(changes) {
      const isQueued = changes.some(({ object }) => object.metadata?.labels?.[QUEUE_LABEL] !== undefined);
      if (isQueued && reflector === null && !asking && !closed) void begin();
    },
    close() {
      closed = true;
      reflector?.close();
    },
  };
}
