import { isDeepStrictEqual } from 'node:util';
import type { ExperimentFact } from '../../experiment/event.ts';
import { podNamed, type ExperimentState } from '../../experiment/state.ts';

/** What an engine says of the present when it is taken up again: kinds of facts that say it all in the state. */
const SAID_AGAIN: ReadonlySet<ExperimentFact['type']> = new Set([
  'attempt',
  'pod',
  'notice',
  'failure',
  'link',
  'workdir',
  'ran',
]);

/** Whether a fact changes nothing, because it was said before. */
export function isSaidAgain(fact: ExperimentFact, before: ExperimentState, after: ExperimentState): boolean {
  return SAID_AGAIN.has(fact.type) && !isAnotherPod(fact, before, after) && isDeepStrictEqual(before, after);
}

/** Of what may be thousands of pods, most facts change the one that they are about: then the others need not be compared. */
function isAnotherPod(fact: ExperimentFact, before: ExperimentState, after: ExperimentState): boolean {
  if (fact.type !== 'pod') return false;
  return !isDeepStrictEqual(podNamed(before.record, fact.pod), podNamed(after.record, fact.pod));
}
