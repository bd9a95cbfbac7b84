import type { ExperimentSummary } from '../../experiment/record.ts';
import { trialKey } from '../../sweep/point.ts';
import { messageOf } from '../../sweep/template.ts';
import { givenBy, type Trial } from '../../sweep/trials.ts';
import type { SweepSubmitted } from '../../api/sweep-contract.ts';
import type { StoredSweep, SweepMember } from '../store/store.ts';
import type { CompleteSubmission } from '../submission/submission.ts';

/** What an experiment of a sweep is, beside what all of them have in common. */
export function partOf(
  sweep: Pick<StoredSweep, 'name' | 'message' | 'env' | 'set'>,
  trial: Trial,
): Pick<CompleteSubmission, 'env' | 'set' | 'message' | 'sweep' | 'resubmit_of'> {
  const { point, index, repeat } = trial;
  const { env, set } = givenBy(point);
  return {
    env: { ...sweep.env, ...env },
    set: [...sweep.set, ...set],
    message: messageOf(sweep.message, { sweep: sweep.name, ...trial }),
    sweep: { name: sweep.name, point: { ...point }, index, repeat },
    resubmit_of: null,
  };
}

/** What submitting answers: the experiment of each trial, and whether it is new. */
export function submittedDocument(
  name: string,
  trials: readonly Trial[],
  { last, made }: { last: ReadonlyMap<string, SweepMember>; made: readonly ExperimentSummary[] },
): SweepSubmitted {
  const created = new Set(made.map(({ experiment_id: id }) => id));
  return {
    sweep: name,
    experiments: trials.flatMap((trial) => {
      const member = last.get(trialKey(trial));
      if (member === undefined) return [];
      const { experiment_id, status } = member;
      return [
        { experiment_id, ...trial, point: { ...trial.point }, status, created: created.has(experiment_id) },
      ];
    }),
  };
}
