import type { ContainerStateTerminated } from 'kubernetes-types/core/v1.js';
import { BUILD_CONTAINERS } from '../../../render/kubernetes/build/build-job.ts';
import type { Job } from '../api/objects.ts';
import type { Observed } from '../watch/observed.ts';
import { labelOf } from '../pod/labels.ts';
import type { SeenContainer, SeenPod } from '../pod/seen-pod.ts';

/** A container of the build's pod. */
export interface BuildContainer {
  state: 'waiting' | 'running' | 'ended';
  /** Null until it has ended. */
  end: { code: number; reason: string | null; message: string; seconds: number | null } | null;
}

/** What the cluster's objects say about a build. */
export interface BuildView {
  job: Job | null;
  /** Null: there is none (yet). */
  pod: SeenPod | null;
  /** Waits for the files. */
  upload: BuildContainer;
  build: BuildContainer;
  /** The Job's own word, which it gives before its pods are deleted; null: it goes on. */
  jobFailure: { reason: string; message: string } | null;
}

/** Pure. `job` is the name of the build's Job. */
export function viewBuild({ jobs, pods, gone }: Observed, job: string): BuildView {
  const there = jobs.find(({ metadata }) => metadata?.name === job) ?? null;
  const uid = there?.metadata?.uid;
  const isOfJob = (pod: SeenPod) =>
    labelOf(pod, 'jobName') === job && (uid === undefined || pod.controller === uid);
  const pod = [...gone, ...pods].findLast(isOfJob) ?? null;
  const failed = there?.status?.conditions?.find(
    ({ type, status }) => status === 'True' && (type === 'Failed' || type === 'FailureTarget'),
  );
  return {
    job: there,
    pod,
    upload: containerOf(pod?.init.find(({ name }) => name === BUILD_CONTAINERS.upload)),
    build: containerOf(pod?.main),
    jobFailure: failed === undefined ? null : { reason: failed.reason ?? '', message: failed.message ?? '' },
  };
}

function containerOf({ state }: Pick<SeenContainer, 'state'> = { state: null }): BuildContainer {
  if (state?.terminated !== undefined) return { state: 'ended', end: endOf(state.terminated) };
  return { state: state?.running === undefined ? 'waiting' : 'running', end: null };
}

function endOf({
  exitCode,
  reason,
  message,
  startedAt,
  finishedAt,
}: ContainerStateTerminated): BuildContainer['end'] {
  const took = Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? '');
  const seconds = Number.isFinite(took) ? took / 1000 : null;
  return { code: exitCode, reason: reason ?? null, message: message ?? '', seconds };
}

/** The digest in the metadata that BuildKit wrote; null: it did not say. */
export function digestOf(metadata: string): string | null {
  return /"containerimage\.digest":\s*"(sha256:[0-9a-f]{64})"/.exec(metadata)?.[1] ?? null;
}
