import type { SweepResumption, SweepSubmitted } from '../../api/sweep-contract.ts';
import { AichorError } from '../../errors.ts';
import { trialKey } from '../../sweep/point.ts';
import { lastOfEach, toBeMade, trialsOf, type Trial } from '../../sweep/trials.ts';
import type { Caller } from '../people/caller.ts';
import { stateOf, type ExperimentStore, type StoredSweep, type SweepMember } from '../store/store.ts';
import { filesAgain, type Resubmitting } from '../submission/resubmit.ts';
import { ofCaller } from '../submission/submit.ts';
import type { CompleteSubmission, OfCaller } from '../submission/submission.ts';
import { sweepNamed } from './read.ts';
import type { SweepSubmitting } from './submit.ts';
import { partOf, submittedDocument } from './trial.ts';

/** What resuming needs. */
export type Resuming = SweepSubmitting &
  Resubmitting & { store: Pick<ExperimentStore, 'sweep' | 'sweeps' | 'sweepMembers'> };

/**
 * Makes what a sweep lacks from what is kept of it: a trial that failed or was cancelled from its own files and private
 * values, one whose experiment was deleted from those of the sweep's newest.
 */
export async function resumeSweep(
  by: Resuming,
  { name, caller }: { name: string; caller: Caller },
  { rerun }: SweepResumption,
): Promise<SweepSubmitted> {
  const first = lacking(by, name, rerun);
  const submissions: CompleteSubmission[] = [];
  const whose = ofCaller(by, caller, first.sweep.project);
  for (const trial of first.missing)
    submissions.push({ ...(await completeTrial(by, first, trial)), ...whose });
  const prepared = await by.preparer.prepareSweep(submissions);
  const ready = submissions.flatMap((submission, index) => {
    const one = prepared[index];
    return one === undefined ? [] : [{ submission, prepared: one }];
  });
  // Nothing is waited for from here on: another request may have made some of them meanwhile.
  const now = lacking(by, name, rerun);
  const still = new Set(now.missing.map(trialKey));
  const made = by.acceptor.acceptSweep(
    now.sweep,
    ready.filter(({ submission: { sweep } }) => sweep !== null && still.has(trialKey(sweep))),
  );
  const last = lastOfEach(by.store.sweepMembers(name));
  return submittedDocument(name, first.missing, { last, made });
}

interface Lacking {
  sweep: StoredSweep;
  last: ReadonlyMap<string, SweepMember>;
  newest: SweepMember;
  missing: Trial[];
}

function lacking(by: Resuming, name: string, rerun: SweepResumption['rerun']): Lacking {
  const sweep = sweepNamed(by.store, name);
  const members = by.store.sweepMembers(name);
  const newest = members.at(-1);
  if (newest === undefined)
    throw new AichorError('not_found', `the sweep ${name} no longer has any experiments`);
  const last = lastOfEach(members);
  return { sweep, last, newest, missing: toBeMade(trialsOf(sweep), last, rerun) };
}

async function completeTrial(
  by: Resuming,
  { sweep, last, newest }: Lacking,
  trial: Trial,
): Promise<Omit<CompleteSubmission, keyof OfCaller>> {
  const { experiment_id: id } = last.get(trialKey(trial)) ?? newest;
  const { record: like } = stateOf(by.store, id);
  const stored = by.store.submission(id);
  const kept = await by.privateValues.read(id);
  return {
    ...kept,
    secrets: Object.fromEntries(Object.entries(kept.secrets).filter(([key]) => like.secrets.includes(key))),
    ...partOf(sweep, trial),
    source: like.source,
    files: await filesAgain(by, id, like.source.snapshot),
    manifest_path: like.manifest_path,
    manifest: null,
    storage: stored?.plan?.storage.kind ?? null,
    container: stored?.plan?.container ?? null,
    project: like.project,
    labels: like.labels,
    engine: { asked: like.engine, preferred: null },
    force: false,
    keep: stored?.keep ?? false,
    notify: by.notifier.targets(id),
    vcs: stored?.vcs ?? {},
  };
}
