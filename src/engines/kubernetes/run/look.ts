import type { Reason } from '../../../experiment/status.ts';
import { viewAttempt, type ViewInput } from '../status/attempt-view.ts';
import { withEnded } from './ended-pods.ts';
import type { ClusterStop } from './kept.ts';
import { hasRoom } from '../waiting/suspended.ts';
import type { Observed } from '../watch/observed.ts';
import type { LookBack } from '../status/model.ts';
import { createdWorkloads, type ClusterRun } from './run-state.ts';

/** What there is to see now: of the cluster, of pods that are gone, and of what was just created. */
export function takeLook(run: ClusterRun): LookBack {
  const seen = run.view.observed();
  const observed = withPlace(withEnded(withApplied(seen, run), run.ended), run);
  const input: ViewInput = {
    plan: run.context.plan,
    workload: run.workload,
    experimentId: run.context.experimentId,
    observed,
    workloads: createdWorkloads(run.kept),
    memory: run.kept.run.memory,
    told: toldOf(run.kept.run.stop),
    now: run.deps.now(),
  };
  return {
    observed,
    view: viewAttempt(input),
    earlier: (attempt) => viewAttempt({ ...input, attempt }),
  };
}

/** With its place in the queue, while it waits there. */
function withPlace(observed: Observed, { places, wake }: ClusterRun): Observed {
  const { queued } = observed;
  const workload = queued?.metadata?.name;
  const queue = queued?.spec?.queueName;
  if (queued === null || workload === undefined || queue === undefined || hasRoom(queued)) return observed;
  const place = places.of({ queue, workload }, wake.call);
  return place === null ? observed : { ...observed, queued: { ...queued, place } };
}

/** Why pods that were told to end have ended; null: nobody told them. */
function toldOf(stop: ClusterStop | null): Reason | null {
  if (stop === null || stop.cause === 'done' || stop.cause === 'again') return null;
  if (stop.cause === 'cancel') return 'CancelledByUser';
  return stop.cause === 'deadline' ? 'DeadlineExceeded' : 'StoppedWithExperiment';
}

/**
 * A workload that was created a moment ago and that the watch has not told of yet is there, not missing. Once the watch
 * has told of it, only the watch counts.
 */
function withApplied(seen: Observed, run: ClusterRun): Observed {
  const { applied } = run;
  if (applied === null) return seen;
  const { uid = '' } = applied.metadata ?? {};
  // It may come and go between two looks.
  if (run.workload.object(seen)?.metadata?.uid === uid || run.view.hasGone(uid)) run.applied = null;
  return run.applied === null ? seen : { ...seen, [run.workload.watched]: applied };
}
