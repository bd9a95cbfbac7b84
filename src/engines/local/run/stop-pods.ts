import type { RunContext } from '../../engine.ts';
import type { FactQueue } from '../../facts.ts';
import type { PodContainers } from '../container/containers.ts';
import type { Containment } from '../mounts/containment.ts';
import { claimPod } from '../pod/pod-files.ts';
import type { LivePod } from '../pod/pod.ts';
import type { PreparePod } from '../pod/prepare-pod.ts';
import { stopPod } from '../pod/stop-pod.ts';
import type { Host } from '../shared/host.ts';
import type { LocalWorkload } from '../workload.ts';
import type { Attempt } from './attempt-state.ts';
import type { Verdicts } from './verdict.ts';

/** What ending pods takes. */
export interface Stopping extends Pick<Host, 'processes' | 'uptime' | 'now'> {
  context: Pick<RunContext, 'plan' | 'detach'>;
  prepare: PreparePod;
  containment: Containment | null;
  containers: Pick<PodContainers, 'signal'> | null;
  workload: Pick<LocalWorkload, 'endsLater' | 'graceS'>;
  verdicts: Pick<Verdicts, 'end'>;
  facts: Pick<FactQueue, 'push' | 'end'>;
}

/** Tells every pod that runs to end, each once; pods that were not started never will be. */
export async function stopLivePods(attempt: Attempt, by: Stopping): Promise<void> {
  for (const pod of attempt.pods) {
    if (pod.phase === 'waiting') await forestall(pod, by);
    if (pod.phase !== 'live' || pod.identity === null || pod.stopping) continue;
    if (by.workload.endsLater(pod, attempt.pods)) continue;
    pod.stopping = true;
    stop(attempt, pod, by).then(
      () => {
        pod.look = true;
        attempt.wake.call();
      },
      (error: unknown) => by.facts.end(error),
    );
  }
}

/** A shim that an earlier process spawned may be about to claim the pod: whoever claims it decides. */
async function forestall(pod: LivePod, { verdicts, now }: Stopping): Promise<void> {
  if (await claimPod(pod.base)) {
    const end = { how: 'not-started', detail: 'the experiment was being ended', disk_full: false } as const;
    await verdicts.end(pod, { end, at: now(), by_itself: false });
  } else {
    pod.phase = 'live';
  }
}

async function stop({ number, mark }: Attempt, pod: LivePod, by: Stopping): Promise<void> {
  const { context, processes, prepare, containment, containers, uptime, workload, facts } = by;
  const { plan, detach } = context;
  const prepared = await prepare(pod, number, detach);
  const passed = mark !== null && mark.boot === (await processes.bootId()) ? uptime() - mark.uptime : 0;
  await stopPod(pod, {
    ...prepared,
    processes,
    containment,
    signal: async (name) => (await containers?.signal(pod, name)) ?? false,
    grace_ms: (workload.graceS(pod) - passed) * 1000,
    shutdown_command: plan.graceful_termination?.shutdown_command ?? [],
    detach,
    complain: (message) => facts.push({ type: 'notice', code: 'shutdown_command_failed', message }),
  });
}
