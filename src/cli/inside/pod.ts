import type { ExperimentRecord, PodRecord } from '../../experiment/record.ts';
import type { Talk } from '../runtime/talk.ts';

/**
 * The pod that is meant: the one that is named, else the first by rank that runs. Where there are several, it is said which. Whether
 * it can be looked into is for the control plane to say.
 */
export function podMeant(
  { pods }: Pick<ExperimentRecord, 'pods'>,
  named: string | undefined,
  talk: Pick<Talk, 'notice'>,
): string {
  if (named !== undefined) return named;
  const byRank = pods.toSorted((a: PodRecord, b: PodRecord) => a.rank - b.rank);
  const first = byRank.find(({ status }) => status === 'Running') ?? byRank[0];
  if (first === undefined) return NONE;
  if (pods.length > 1)
    talk.notice(`this is pod ${first.pod}, one of ${pods.length}; name another behind the id`);
  return first.pod;
}

/** Stands for a pod where there is none yet, which the control plane says. */
const NONE = 'none';
