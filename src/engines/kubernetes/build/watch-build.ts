import { ExperimentFailure } from '../../../experiment/failure/failure.ts';
import type { LogSource } from '../../../logs/line.ts';
import { BUILD_CONTAINERS } from '../../../render/kubernetes/build/build-job.ts';
import { builtImageOf } from '../../../render/kubernetes/rendering.ts';
import type { BuildResult } from '../../engine.ts';
import { lastOutput } from '../../last-output.ts';
import { explainBuildFailure } from './build-failure.ts';
import { digestOf, viewBuild, type BuildView } from './build-view.ts';
import { buildWaiting, type BuildWait } from './build-waiting.ts';
import { toBuildResult } from './image.ts';
import type { ContainerKey } from '../logs/pod-logs.ts';
import type { SeenPod } from '../pod/seen-pod.ts';
import type { Building } from './building.ts';

/** What BuildKit prints. */
const BUILD_LOG: LogSource = { step: 'build', pod: null, attempt: 1, stream: null };
/** The look at everything that happens although nothing told of it. */
const NET_MS = 5000;

/**
 * Looks after a build until it has ended: what is to do follows from what is seen, at each wake anew.
 *
 * @throws ExperimentFailure when it fails; the reason of a signal that is aborted
 */
export async function watchBuild(building: Building): Promise<BuildResult> {
  const { context, wake, logs } = building;
  await synced(building);
  for (;;) {
    throwIfAborted(building);
    const view = look(building);
    const { imageFailAfterS, now } = building.deps;
    const waiting = buildWaiting(view, building.view.observed(), { imageFailAfterS, now: now() });
    followLog(building, view);
    const result = resultOf(building, view);
    if (result !== null && view.pod !== null) {
      await logs.settle(keyOf(view.pod));
      return result;
    }
    await failIfFailed(building, view, waiting);
    act(building, view, waiting);
    const stale = building.view.stale();
    if (stale !== null) context.progress(`the cluster cannot be reached, the build goes on: ${stale.why}`);
    await wake.next(NET_MS);
  }
}

function throwIfAborted({ context: { detach, stop } }: Building): void {
  detach.throwIfAborted();
  stop.throwIfAborted();
}

/** The first lists of the watch are in. */
async function synced(building: Building): Promise<void> {
  const { view, wake, context } = building;
  let isSynced = false;
  const done = () => {
    isSynced = true;
    wake.call();
  };
  view.synced().then(done, done);
  while (!isSynced) {
    throwIfAborted(building);
    await wake.next(1000);
    const stale = view.stale();
    if (stale !== null) context.progress(`the cluster cannot be reached: ${stale.why}`);
  }
}

/** A Job that was applied a moment ago is there although the watch has not told of it yet. */
function look(building: Building): BuildView {
  const observed = building.view.observed();
  const { applied, jobName } = building;
  const uid = applied?.metadata?.uid ?? '';
  // It may come and go between two looks.
  if (observed.jobs.some(({ metadata }) => metadata?.uid === uid) || building.view.hasGone(uid))
    building.applied = null;
  const jobs = building.applied === null ? observed.jobs : [...observed.jobs, building.applied];
  return viewBuild({ ...observed, jobs }, jobName);
}

/** Progress, and the files when they are waited for. */
function act(
  { context, uploader }: Building,
  { pod, upload, build }: BuildView,
  waiting: BuildWait | null,
): void {
  if (upload.state === 'ended') uploader.end();
  if (build.state === 'running') context.progress('building the image');
  else if (upload.state === 'running' && pod !== null) uploader.begin(pod.name);
  else if (waiting === null || upload.state === 'ended') context.progress('the build is starting');
  else context.progress(`the build waits: ${waiting.message}`);
}

function followLog({ logs }: Building, { pod, build }: BuildView): void {
  if (pod === null || build.state === 'waiting') return;
  logs.follow({ ...keyOf(pod), objectName: pod.name, source: BUILD_LOG });
}

function keyOf({ uid }: SeenPod): ContainerKey {
  return { uid, container: BUILD_CONTAINERS.build, restart: 0 };
}

/** Null: it has not succeeded (yet). */
function resultOf({ rendering, notices }: Building, { build: { end } }: BuildView): BuildResult | null {
  const digest = end?.code === 0 ? digestOf(end.message) : null;
  if (end === null || digest === null) return null;
  const took = end.seconds === null || end.seconds === 0 ? '' : ` in ${end.seconds} s`;
  const built = { image: builtImageOf(rendering), digest };
  return toBuildResult(`image built and pushed${took}`, built, notices);
}

/** Throws why it has failed, with the end of what it printed. */
async function failIfFailed(building: Building, view: BuildView, waiting: BuildWait | null): Promise<void> {
  const { context, deps, uploader, logs } = building;
  const { experimentId } = context;
  const failing = { view, waiting, experimentId, deadlineS: deps.settings.build.deadline_s };
  if (view.upload.state === 'running' && uploader.failure !== null)
    throw new ExperimentFailure({
      reason: 'BuildFailed',
      explanation: `the files could not be sent to the build: ${uploader.failure}`,
    });
  if (explainBuildFailure({ ...failing, output: '' }) === null) return;
  if (view.pod !== null && view.build.state !== 'waiting') await logs.settle(keyOf(view.pod));
  const output = await lastOutput([await context.logs.file(BUILD_LOG)], context.secrets);
  const failure = explainBuildFailure({ ...failing, output });
  if (failure !== null) throw new ExperimentFailure(failure);
}
