import type { PodFact } from '../../../experiment/event.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import type { Reason } from '../../../experiment/status.ts';
import { exitCodeOf, explainEnd } from '../pod/pod-end.ts';
import type { PodView, Sight, Standing } from './model.ts';
import { exitedZero } from './sight.ts';

interface ToView {
  attempt: number;
  standing: Standing;
  plan: Plan;
}

const last = new WeakMap<Sight, ToView & { view: PodView }>();

/** A planned pod with the fact that is told of it. The very same view as before, where nothing is new. */
export function viewPod(sight: Sight, to: ToView): PodView {
  const before = last.get(sight);
  if (before !== undefined && isSameView(before, to)) return before.view;
  const view = viewOf(sight, to);
  last.set(sight, { ...to, view });
  return view;
}

function isSameView(one: ToView, other: ToView): boolean {
  const [a, b] = [one.standing, other.standing];
  return (
    one.attempt === other.attempt && one.plan === other.plan && a.status === b.status && a.reason === b.reason
  );
}

function viewOf(sight: Sight, { attempt, standing, plan }: ToView): PodView {
  const { planned, latest, end, byItself, disrupted, deletedBeforeEnd } = sight;
  const known = {
    pod: planned.pod,
    attempt,
    group: planned.group,
    rank: planned.rank,
    object: latest?.object ?? null,
    source: latest?.source ?? null,
    end,
    byItself,
    started: sight.startedAt !== null,
    disrupted,
    deletedBeforeEnd,
  };
  const isOver = standing.status !== 'Pending' && standing.status !== 'Running';
  const fact: PodFact = {
    type: 'pod',
    pod: planned.pod,
    attempt,
    status: standing.status,
    reason: reasonOf(standing, known, plan),
    exit_code: isOver ? codeOf(standing, sight) : null,
    started_at: inMilliseconds(sight.startedAt),
    ended_at: isOver ? inMilliseconds(sight.endedAt) : null,
    peak_memory_bytes: null,
    // Told with what happens to it there: a fact of its own for each pod that is placed would say little.
    node: standing.status === 'Pending' ? null : (latest?.source?.node ?? null),
  };
  return { ...known, fact };
}

function reasonOf({ reason }: Standing, view: Omit<PodView, 'fact'>, plan: Plan): Reason | null {
  if (reason !== 'end') return reason;
  return view.end === null ? null : explainEnd({ ...view, end: view.end }, plan).reason;
}

/** A Ray node stopped after its work was done did not fail; the submitter of a job that failed may end with 0. */
function codeOf({ status, reason }: Standing, sight: Sight): number | null {
  if (status === 'Succeeded') return exitedZero(sight) ? 0 : null;
  if (reason === 'NonZeroExit' && exitedZero(sight)) return null;
  return exitCodeOf(sight);
}

function inMilliseconds(time: string | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
