import type { ClusterRun } from '../run/run-state.ts';
import type { Look } from '../status/model.ts';
import type { Ending } from './end-workload.ts';

/** Tells that nothing of an experiment runs any more, where its logs take longer than that. */
export interface EndTeller {
  /** Milliseconds until it is to be told; infinite: nothing is due. */
  look(look: Look): number;
}

/** So long the end waits for the logs: with few pods, who is told of it finds all that they printed. */
const TOGETHER_MS = 300;
/** The logs of more pods than that are not read in this time: nothing is waited for. */
const FEW = 100;

export function createEndTeller(run: ClusterRun, ending: Pick<Ending, 'isOver'>): EndTeller {
  /** Since when nothing runs, by a clock that only goes forward. */
  let overSince: number | null = null;
  let isTold = false;

  return {
    look(look) {
      const cause = run.kept.run.stop?.cause ?? 'again';
      if (isTold || cause === 'again' || !ending.isOver(look)) return Number.POSITIVE_INFINITY;
      overSince ??= performance.now();
      const isWorthIt = run.keeper.left(look).length <= FEW;
      const left = isWorthIt ? overSince + TOGETHER_MS - performance.now() : 0;
      if (left > 0) return left;
      isTold = true;
      run.links.end();
      run.facts.push({ type: 'ended' });
      return Number.POSITIVE_INFINITY;
    },
  };
}
