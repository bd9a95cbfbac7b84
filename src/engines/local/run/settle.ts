import type { Attempt } from './attempt-state.ts';
import type { LivePod } from '../pod/pod.ts';
import { killGroup, sweep } from './sweep.ts';

/** Clears up after pods that have ended: nothing of them runs on, their logs are complete, their GPUs free. */
export interface Settler {
  /** Each pod once, however often it is given. */
  add(pods: readonly LivePod[]): void;
  /** All that were added are cleared up. Throws what went wrong on the way. */
  settled(): Promise<void>;
}

export function createSettler(attempt: Attempt): Settler {
  const known = new Set<LivePod>();
  let work: Promise<void> = Promise.resolve();
  let failed: { error: unknown } | null = null;
  return {
    add(pods) {
      const fresh = pods.filter((pod) => !known.has(pod) && pod.phase === 'ended');
      if (fresh.length === 0) return;
      for (const pod of fresh) known.add(pod);
      work = work.then(() => settle(attempt, fresh)).catch((error: unknown) => void (failed ??= { error }));
    },
    async settled() {
      await work;
      if (failed !== null) throw failed.error;
    },
  };
}

async function settle({ run }: Attempt, pods: readonly LivePod[]): Promise<void> {
  const { deps, context, logs, facts } = run;
  const started = pods.filter((pod) => pod.identity !== null);
  await Promise.all(started.map((pod) => killGroup(deps.processes, pod)));
  if (started.length > 0) {
    const left = await sweep(deps.processes, context.experimentId, new Set(started.map((pod) => pod.name)));
    if (left.length > 0)
      facts.push({
        type: 'notice',
        code: 'processes_left',
        message: `cannot be ended: process ${left.join(', ')}`,
      });
    await Promise.all(started.flatMap((pod) => pod.logs).map((source) => logs.open(source)));
  }
  await logs.close(pods.flatMap((pod) => pod.logs));
  for (const pod of pods) deps.gpus.give(pod.devices ?? []);
}
