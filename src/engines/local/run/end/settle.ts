import type { FactQueue } from '../../../facts.ts';
import type { Containment } from '../../mounts/containment.ts';
import { groupsGone, killGroup, sweep } from '../../pod/kill.ts';
import type { PodContainers } from '../../container/containers.ts';
import type { LogPump } from '../../pod/log-pump.ts';
import type { LivePod } from '../../pod/pod.ts';
import type { Host } from '../../shared/host.ts';

/** Clears up after pods that have ended: nothing of them runs on, their logs are complete, their GPUs free. */
export interface Settler {
  /** Each pod once, however often it is given. */
  add(pods: readonly LivePod[]): void;
  /** All that were added are cleared up. Throws what went wrong on the way. */
  settled(): Promise<void>;
}

interface Settling extends Pick<Host, 'processes' | 'gpus'> {
  experimentId: string;
  /** Null: pods have no namespaces of their own. */
  containment: Containment | null;
  /** Null: pods are processes of this machine. */
  containers: Pick<PodContainers, 'remove'> | null;
  logs: LogPump;
  facts: Pick<FactQueue, 'push'>;
}

export function createSettler(by: Settling): Settler {
  const known = new Set<LivePod>();
  let work: Promise<void> = Promise.resolve();
  let failed: { error: unknown } | null = null;
  return {
    add(pods) {
      const fresh = pods.filter((pod) => !known.has(pod) && pod.phase === 'ended');
      if (fresh.length === 0) return;
      for (const pod of fresh) known.add(pod);
      work = work.then(() => settle(fresh, by)).catch((error: unknown) => void (failed ??= { error }));
    },
    async settled() {
      await work;
      if (failed !== null) throw failed.error;
    },
  };
}

async function settle(
  pods: readonly LivePod[],
  { processes, gpus, experimentId, containment, containers, logs, facts }: Settling,
): Promise<void> {
  const contained = containment !== null;
  const started = pods.filter((pod) => pod.identity !== null);
  await Promise.all(started.map((pod) => killGroup(processes, pod)));
  await containers?.remove(pods);
  if (started.length > 0) {
    // With the first process of a namespace, which is in the group, everything in it has gone.
    const isGone = contained && (await groupsGone(started));
    const names = new Set(started.map((pod) => pod.name));
    const left = isGone ? [] : await sweep(processes, experimentId, names);
    if (left.length > 0) facts.push(processesLeft(left));
    await Promise.all(started.flatMap((pod) => pod.logs).map((source) => logs.open(source)));
  }
  await logs.close(pods.flatMap((pod) => pod.logs));
  for (const pod of pods) gpus.give(pod.devices ?? []);
}

export function processesLeft(pids: readonly number[]) {
  const message = `cannot be ended: process ${pids.join(', ')}`;
  return { type: 'notice', code: 'processes_left', message } as const;
}
