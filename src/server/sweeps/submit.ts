import type { SweepSubmission, SweepSubmitted } from '../../api/sweep-contract.ts';
import { AichorError } from '../../errors.ts';
import { DEFAULT_PROJECT } from '../../experiment/project-name.ts';
import { assertPointName, MOST_EXPERIMENTS, pointKey, trialKey } from '../../sweep/point.ts';
import { extended, lastOfEach, toBeMade, trialsOf, type Trial } from '../../sweep/trials.ts';
import type { Caller } from '../people/caller.ts';
import { projectMeant } from '../projects/rules.ts';
import type { ExperimentStore, StoredSweep } from '../store/store.ts';
import type { FoundFiles } from '../submission/from-directory.ts';
import { refuseDoubleNames, type CompleteSubmission, type OfCaller } from '../submission/submission.ts';
import { refuseFromAfar } from '../submission/from-afar.ts';
import { filesOf, ofCaller, type Submitting } from '../submission/submit.ts';
import { partOf, submittedDocument } from './trial.ts';

/** What submitting a sweep needs. */
export interface SweepSubmitting extends Submitting {
  store: Submitting['store'] & Pick<ExperimentStore, 'sweep' | 'sweepMembers'>;
  now(): Date;
}

/**
 * Takes a sweep as a whole or not at all: one set of files, one transaction. Under a name that is there, only points that
 * have no experiment get one (and, when asked for, those whose last one failed): the same request again does nothing.
 */
export async function submitSweep(
  by: SweepSubmitting,
  asked: SweepSubmission,
  { caller, signal }: { caller: Caller; signal: AbortSignal },
): Promise<SweepSubmitted> {
  refuseFromAfar(caller, asked);
  const request = { ...asked, project: projectMeant(caller, asked.project) };
  refuseUnfit(request);
  const first = meant(by, request);
  if (first.missing.length > 0) {
    const { source, manifest_path, project } = request;
    const found = await filesOf(by, { source, manifest_path, project, caller, signal });
    const notify = by.notifier.accepted(caller, request.notify);
    const common = { ...complete(by, request, found), notify, ...ofCaller(by, caller, first.sweep.project) };
    const submissions = first.missing.map((trial) => ({ ...common, ...partOf(first.sweep, trial) }));
    const prepared = await by.preparer.prepareSweep(submissions);
    const ready = submissions.flatMap((submission, index) => {
      const one = prepared[index];
      return one === undefined ? [] : [{ submission, prepared: one }];
    });
    // Nothing is waited for from here on: another request may have made some of them meanwhile.
    const now = meant(by, request);
    const places = new Set(now.missing.map(trialKey));
    const wanted = ready.filter(({ submission: { sweep } }) => sweep !== null && places.has(trialKey(sweep)));
    return answer(by, request, by.acceptor.acceptSweep(now.sweep, wanted));
  }
  by.acceptor.acceptSweep(first.sweep, []);
  return answer(by, request, []);
}

/** What the sweep is with this request, and which experiments are to be made. */
function meant(by: SweepSubmitting, request: SweepSubmission): { sweep: StoredSweep; missing: Trial[] } {
  const { name, message, env, set, max_parallel, rerun } = request;
  const project = request.project ?? DEFAULT_PROJECT;
  const known = by.store.sweep(name);
  if (known !== null && known.project !== project)
    throw new AichorError('conflict', `the sweep ${name} belongs to the project ${known.project}`, {
      hint: 'take another --name, or the same --project',
    });
  const shape = extended(known, request);
  const created_at = known?.created_at ?? by.now().toISOString();
  const sweep = { name, project, created_at, message, max_parallel, env, set, ...shape };
  const last = lastOfEach(by.store.sweepMembers(name));
  return { sweep, missing: toBeMade(trialsWanted(sweep, request), last, rerun) };
}

/** The trials of a request, with the indexes that their points have in the sweep. */
function trialsWanted(sweep: StoredSweep, { points, repeat }: SweepSubmission): Trial[] {
  const wanted = new Set(points.map(pointKey));
  return trialsOf({ points: sweep.points, repeat }).filter(({ point }) => wanted.has(pointKey(point)));
}

function answer(
  by: SweepSubmitting,
  request: SweepSubmission,
  made: ReturnType<SweepSubmitting['acceptor']['acceptSweep']>,
): SweepSubmitted {
  const { sweep } = meant(by, request);
  const last = lastOfEach(by.store.sweepMembers(request.name));
  return submittedDocument(request.name, trialsWanted(sweep, request), { last, made });
}

/** Refuses (AichorError `usage`) what no single point can be blamed for later. */
function refuseUnfit({ points, repeat, secrets, env }: SweepSubmission): void {
  if (points.length * repeat > MOST_EXPERIMENTS)
    throw new AichorError('usage', `a sweep has at most ${MOST_EXPERIMENTS} experiments`, {
      hint: 'take fewer points or repeats',
    });
  refuseDoubleNames(env, secrets);
  for (const name of new Set(points.flatMap((point) => Object.keys(point)))) {
    assertPointName(name, 'the point');
    refuseDoubleNames({ [name]: '' }, secrets);
  }
}

/** What all experiments of the request have in common. */
function complete(
  by: SweepSubmitting,
  request: SweepSubmission,
  found: FoundFiles,
): Omit<CompleteSubmission, keyof ReturnType<typeof partOf> | keyof OfCaller | 'notify'> {
  const { manifest_path, project, labels, secrets, shell, python_env } = request;
  const { rebuild, storage, container, force, keep } = request;
  return {
    ...found,
    manifest_path,
    manifest: null,
    project: project ?? DEFAULT_PROJECT,
    labels,
    secrets,
    shell,
    python_env,
    rebuild,
    storage,
    container,
    engine: { asked: request.engine, preferred: request.default_engine ?? by.defaultEngine },
    force,
    keep,
  };
}
