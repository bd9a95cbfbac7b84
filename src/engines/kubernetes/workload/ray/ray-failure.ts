import {
  explainExhausted,
  explainPodEnd,
  logSays,
  type Explanation,
} from '../../../../experiment/failure/explain.ts';
import type { PodView } from '../../status/model.ts';
import { exitCodeOf, explainEnd } from '../../pod/pod-end.ts';
import {
  FAILURE_LAG_MS,
  late,
  waitOn,
  type FailedVerdict,
  type JudgeInput,
  type Judgement,
} from '../../status/verdict.ts';
import { isRayJobLate } from './ray-pods.ts';

/**
 * What a RayJob failed of. The job's status speaks of the driver, which runs on the head; the submitter only prints
 * what it prints, and its exit code counts only where the driver's is not known.
 */
export function judgeRayFailure(input: JudgeInput): Judgement {
  const { observed, view, plan } = input;
  const { reason, message = '', jobStatus } = observed.rayjob?.status ?? {};
  if (isRayJobLate(observed.rayjob)) return late(plan.timeout_s);
  const wait = view.superseded ? waitOn(view.workload.endedAt, FAILURE_LAG_MS, input.now) : null;
  if (wait !== null) return wait;
  if (reason === 'ValidationFailed') {
    const explanation = `the cluster's Ray operator refuses the RayJob: ${message}`;
    return { kind: 'failed', reason: 'StartFailed', explanation, root: null };
  }
  if (jobStatus === 'STOPPED') {
    const explanation = `the Ray job was stopped from outside, through Ray's dashboard or API; resubmit`;
    return { kind: 'failed', reason: 'Killed', explanation, root: null };
  }
  const head = lostNode(input, 'head');
  if (head !== null) return { kind: 'failed', ...explainExhausted(head, view.tries), root: null };
  const givenUp = operatorGaveUp(input);
  return givenUp === null ? driverFailure(input) : { kind: 'failed', ...givenUp, root: null };
}

/** The operator itself has ended it, not the driver: nothing that it printed says why. Null: it did not. */
function operatorGaveUp({ observed, view, experimentId }: JudgeInput): Explanation | null {
  const { reason, message = '' } = observed.rayjob?.status ?? {};
  if (reason === 'PreRunningDeadlineExceeded') {
    const explanation = `the Ray job had not begun when KubeRay gave it up (${message}); somebody in the cluster has set preRunningDeadlineSeconds`;
    return explainExhausted({ reason: 'StartFailed', explanation }, view.tries);
  }
  // Of KubeRay 1.7, which makes no other attempt of it.
  if (reason === 'JobStatusCheckTimeoutExceeded') {
    const what = `KubeRay could no longer learn from the Ray cluster how the job stands, and gave up (${message})`;
    const explanation = `${what}; whether it went on is not known: ${logSays(experimentId, 'head-0-0')}, or resubmit`;
    return { reason: 'EngineLost', explanation };
  }
  return null;
}

/** The earliest node of that kind that failed or was lost before the job ended. */
function lostNode({ view, plan }: JudgeInput, role: 'head' | 'worker-group'): Explanation | null {
  const lost = view.pods.filter(
    ({ group, fact }) => plan.groups[group]?.role === role && fact.status === 'Failed',
  );
  const [first] = lost.toSorted((a, b) => (a.fact.ended_at ?? '').localeCompare(b.fact.ended_at ?? ''));
  return first?.end ? explainEnd({ ...first, end: first.end }, plan) : null;
}

function driverFailure(input: JudgeInput): FailedVerdict {
  const { view, plan, experimentId } = input;
  const submitter = view.pods.find(({ group }) => plan.groups[group]?.role === 'submitter');
  const code = driverCode(input, submitter);
  const own = code === null || submitter === undefined ? unknownEnd(input) : exitOf(submitter, code, input);
  const worker = lostNode(input, 'worker-group');
  const plain =
    worker === null ? own : { ...own, explanation: `${own.explanation}. Before that: ${worker.explanation}` };
  const verdict: FailedVerdict = { kind: 'failed', ...explainExhausted(plain, view.tries), root: null };
  if (submitter?.object == null || worker !== null) return verdict;
  const { pod, rank, attempt, object } = submitter;
  const end = { operator: plan.operator, experiment: experimentId, pod, rank, code: code ?? 1 };
  return {
    ...verdict,
    root: {
      pod,
      attempt,
      uid: object.uid,
      objectName: object.objectName,
      exhausted: view.tries,
      plain,
      end: { ...end, running: [], finished: [] },
    },
  };
}

/** Ray's message names it: "Job entrypoint command failed with exit code 1, …". */
function driverCode({ observed }: JudgeInput, submitter: PodView | undefined): number | null {
  const said = /failed with exit code (\d+)/.exec(observed.rayjob?.status?.message ?? '')?.[1];
  if (said !== undefined) return Number(said);
  const code = submitter === undefined ? null : exitCodeOf(submitter);
  return code === 0 ? null : code;
}

function exitOf({ pod, group }: PodView, code: number, { plan, experimentId }: JudgeInput): Explanation {
  const evidence = { out_of_memory: false, peak_memory_bytes: null };
  const of = plan.groups[group];
  if (of === undefined) throw new RangeError(`${pod} is in no group of the plan`);
  return explainPodEnd({ experiment: experimentId, pod, group: of, end: { how: 'exited', code }, evidence });
}

function unknownEnd({ observed, experimentId }: JudgeInput): Explanation {
  const { message, reason } = observed.rayjob?.status ?? {};
  const said = message === undefined || message === '' ? (reason ?? 'no reason given') : message;
  return {
    reason: 'NonZeroExit',
    explanation: `the Ray job failed: ${said.trim().slice(0, LONGEST)}; ${logSays(experimentId, 'submitter-0-0')}`,
  };
}

/** Ray appends the end of the log, up to 20,000 characters. */
const LONGEST = 300;
