import type { Attempt } from './attempt-state.ts';
import { endPod } from './verdict.ts';
import type { LivePod } from '../pod/pod.ts';
import { claimPod } from '../pod/pod-files.ts';
import { endsLater, graceOf } from '../ray/pods.ts';
import { preparePod } from './start-pods.ts';
import { stopPod } from '../pod/stop-pod.ts';

/** Tells every pod that runs to end, each once; pods that were not started never will be. */
export async function stopLivePods(attempt: Attempt): Promise<void> {
  for (const pod of attempt.pods) {
    if (pod.phase === 'waiting') await forestall(attempt, pod);
    if (pod.phase !== 'live' || pod.identity === null || pod.stopping) continue;
    if (endsLater(attempt, pod)) continue;
    pod.stopping = true;
    stop(attempt, pod).then(
      () => {
        pod.look = true;
        attempt.wake.call();
      },
      (error: unknown) => attempt.run.facts.end(error),
    );
  }
}

/** A shim that an earlier process spawned may be about to claim the pod: whoever claims it decides. */
async function forestall(attempt: Attempt, pod: LivePod): Promise<void> {
  if (await claimPod(pod.base)) {
    const end = { how: 'not-started', detail: 'the experiment was being ended', disk_full: false } as const;
    await endPod(attempt, pod, { end, at: attempt.run.deps.now(), by_itself: false });
  } else {
    pod.phase = 'live';
  }
}

async function stop(attempt: Attempt, pod: LivePod): Promise<void> {
  const { run, mark } = attempt;
  const { plan, detach } = run.context;
  const prepared = await preparePod(attempt, pod, detach);
  const passed =
    mark !== null && mark.boot === (await run.deps.processes.bootId()) ? run.deps.uptime() - mark.uptime : 0;
  await stopPod(pod, {
    ...prepared,
    processes: run.deps.processes,
    grace_ms: (graceOf(attempt, pod) - passed) * 1000,
    shutdown_command: plan.graceful_termination?.shutdown_command ?? [],
    detach,
    complain: (message) => run.facts.push({ type: 'notice', code: 'shutdown_command_failed', message }),
  });
}
