import { setTimeout as sleep } from 'node:timers/promises';
import type { PodUsage } from '../engine.ts';
import type { GpuUse } from '../../machine/gpus.ts';
import type { Processes } from '../../machine/processes.ts';
import { EXPERIMENT_MARK, POD_MARK } from './pod/pod-environment.ts';

/** Two looks at the clocks of the processes, so far apart. */
const APART_MS = 250;

interface Looking {
  processes: Processes;
  /** What the machine's GPUs do; none where it has none. */
  gpus(): Promise<GpuUse>;
}

/**
 * What each pod of an experiment takes at present. One look at all processes of the machine finds whose they are, two
 * more at those say how busy they were in between; who asks at the same time shares the answer.
 */
export function createUsage({ processes, gpus }: Looking): (experimentId: string) => Promise<PodUsage[]> {
  const asked = new Map<string, Promise<PodUsage[]>>();
  const look = async (experimentId: string): Promise<PodUsage[]> => {
    const marked = await processes.marked(EXPERIMENT_MARK, experimentId, POD_MARK);
    const pids = marked.map(({ pid }) => pid);
    const before = await processes.usageOf(pids);
    const began = performance.now();
    const [use] = await Promise.all([gpus(), sleep(APART_MS)]);
    const after = await processes.usageOf(pids);
    const seconds = (performance.now() - began) / 1000;
    const names = [...new Set(marked.flatMap(({ also }) => also ?? []))].sort();
    return names.map((pod) => {
      const own = pids.filter((_pid, index) => marked[index]?.also === pod);
      let [busy, bytes]: [number | null, number] = [0, 0];
      for (const pid of own) {
        const [first, last] = [before.get(pid), after.get(pid)];
        if (last === undefined) continue;
        bytes += last.bytes;
        if (last.cpu_s === null || busy === null) busy = null;
        // One that began meanwhile has worked since then only.
        else busy += last.cpu_s - (first?.cpu_s ?? 0);
      }
      const cpus = busy === null ? null : busy / seconds;
      return {
        pod,
        cpus,
        memory_bytes: bytes,
        gpu: gpuOf(own, use),
        gpu_memory_bytes: gpuMemoryOf(own, use),
      };
    });
  };
  return (experimentId) => {
    const known = asked.get(experimentId);
    if (known !== undefined) return known;
    const answer = look(experimentId).finally(() => asked.delete(experimentId));
    asked.set(experimentId, answer);
    return answer;
  };
}

/** What these processes have of the memory of GPUs; null: they use none, or nobody knows. */
function gpuMemoryOf(pids: readonly number[], { users }: GpuUse): number | null {
  const known = users.flatMap(({ pid, memory_bytes }) =>
    pids.includes(pid) && memory_bytes !== null ? [memory_bytes] : [],
  );
  return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0);
}

/** How busy the GPUs are on average that these processes compute on. */
function gpuOf(pids: readonly number[], { busy, users }: GpuUse): number | null {
  const used = new Set(users.filter(({ pid }) => pids.includes(pid)).map(({ uuid }) => uuid));
  const known = [...used].flatMap((uuid) => busy.get(uuid) ?? []);
  return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0) / known.length;
}
