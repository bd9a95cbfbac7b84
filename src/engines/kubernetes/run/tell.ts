import { isDeepStrictEqual } from 'node:util';
import type { PodFact } from '../../../experiment/event.ts';
import type { Explanation } from '../../../experiment/failure/explain.ts';
import type { Notice } from '../../../experiment/record.ts';
import type { FactQueue } from '../../facts.ts';
import { formatDuration } from '../../../base/text/duration.ts';
import type { AttemptView, Suspension } from '../status/model.ts';
import { suspendedMs } from '../suspension/suspensions.ts';

/** Says what is new about an experiment, each thing once. */
export interface Teller {
  /**
   * @param earlier the view of an attempt before this one, of which not all may have been told
   */
  attempt(view: AttemptView, earlier: (attempt: number) => AttemptView): void;
  /** What is seen of the cluster may be old; null: it is not. */
  unseen(why: string | null): void;
  /** The cluster does not answer a request; null: it did. */
  unanswered(why: string | null): void;
  /** Nothing of it is in the cluster yet, and why. */
  waits(why: string): void;
  failure(failure: Explanation): void;
  notice(notice: Notice): void;
}

interface ToldBefore {
  /** Suspensions that somebody has told of. */
  known?: readonly Suspension[];
  /** Another process looked after it: what that one said of waiting may stand, and no longer be so. */
  isTakenOver?: boolean;
}

/** @param most attempts in all */
export function createTeller(facts: FactQueue, most: number, before: ToldBefore = {}): Teller {
  const pods = new Map<string, PodFact>();
  const said = new Set<string>();
  const suspensions = new Map(before.known?.map((each) => [each.attempt, each]));
  let attempt: number | null = null;
  let progress: string | null = null;
  /** What it waits for as far as the cluster is concerned; empty: what another process has said of that may stand. */
  let waiting: string | null = before.isTakenOver === true ? '' : null;
  let unseen: string | null = null;
  let unanswered: string | null = null;

  function say(message: string): void {
    if (message === progress) return;
    progress = message;
    facts.push({ type: 'progress', message });
  }
  /** The first reason stands: each try may fail for another one. */
  function sayReach(before: string | null): void {
    const why = unseen ?? unanswered;
    if (why !== null && before === null)
      say(`the cluster cannot be reached, what runs there goes on: ${why}`);
    if (why === null && before !== null) say(waiting || 'the cluster can be reached again');
  }
  function once(key: string, tell: () => void): void {
    if (said.has(key)) return;
    said.add(key);
    tell();
  }
  function begin(number: number, { suspensions: all }: AttemptView): void {
    attempt = number;
    const isResumed = all.some((each) => each.attempt === number - 1);
    const possible = most + all.filter((each) => each.attempt < number).length;
    const message = isResumed
      ? `attempt ${number}: the one before was suspended`
      : possible === 1
        ? 'starting the pods'
        : `attempt ${number} of at most ${possible}`;
    facts.push({ type: 'attempt', attempt: number, message });
  }
  function tellPods(view: AttemptView): void {
    for (const { fact } of view.pods) {
      const key = keyOf(fact);
      const before = pods.get(key);
      pods.set(key, fact);
      if (before === undefined || !isDeepStrictEqual(before, fact)) facts.push(fact);
    }
  }
  function tellSuspensions(view: AttemptView): void {
    for (const each of view.suspensions) {
      const before = suspensions.get(each.attempt);
      suspensions.set(each.attempt, each);
      const why = view.waiting?.suspended ?? 'the workload was suspended';
      if (before === undefined) facts.push({ type: 'suspended', attempt: each.attempt, message: why });
      if (each.until === null || (before !== undefined && before.until !== null)) continue;
      const seconds = suspendedMs([each], new Date(each.until)) / 1000;
      const message = `its pods run again, after ${formatDuration(seconds)}`;
      facts.push({ type: 'resumed', attempt: each.attempt + 1, message });
    }
  }
  return {
    attempt(view, earlier) {
      tellSuspensions(view);
      // A pod that failed before its command had begun is told of too.
      if (view.everStarted || view.pods.some(({ fact }) => fact.status === 'Failed')) {
        if (attempt === null) begin(view.attempt, view);
        for (let before = attempt ?? view.attempt; before < view.attempt; before++) {
          tellPods(earlier(before));
          begin(before + 1, view);
        }
        tellPods(view);
      }
      const hadToWait = waiting !== null;
      waiting = view.waiting?.message ?? null;
      if ((unseen ?? unanswered) !== null || view.told !== null) return;
      if (waiting !== null) say(waiting);
      else if (hadToWait) say(goingOn(view));
    },
    unseen(why) {
      const before = unseen ?? unanswered;
      unseen = why;
      sayReach(before);
    },
    unanswered(why) {
      const before = unseen ?? unanswered;
      unanswered = why;
      sayReach(before);
    },
    waits: say,
    failure: (failure) => once('failure', () => facts.push({ type: 'failure', ...failure })),
    notice: (notice) => once(JSON.stringify(notice), () => facts.push({ type: 'notice', ...notice })),
  };
}

function keyOf({ pod, attempt }: PodFact): string {
  return `${attempt}/${pod}`;
}

/** Nothing waits any more: what was said of it must not stand. */
function goingOn({ pods }: AttemptView): string {
  const running = pods.filter(({ fact }) => fact.status === 'Running').length;
  return `${running} of ${pods.length} ${pods.length === 1 ? 'pod' : 'pods'} running`;
}
