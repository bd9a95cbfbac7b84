import { explainPodEnd, type Explanation, type PodEnd } from '../../../experiment/failure/explain.ts';
import {
  causeAmong,
  debuggedWith,
  explainInFramework,
  lastError,
  type FrameworkEnd,
  type Peer,
} from '../../../experiment/failure/framework-failure.ts';
import { OPERATORS } from '../../../operators/table.ts';
import type { Reason } from '../../../experiment/status.ts';
import type { RunContext } from '../../engine.ts';
import type { FactQueue } from '../../facts.ts';
import { lastOutput } from '../../last-output.ts';
import type { PodContainers } from '../container/containers.ts';
import type { LogPump } from '../pod/log-pump.ts';
import { hasFailed, hasSucceeded, type LivePod } from '../pod/pod.ts';
import { groupOf } from '../workload.ts';
import { podFact, type Attempt } from './attempt-state.ts';
import { ranRepository } from './ran-repository.ts';
import type { StopMark } from './stop-mark.ts';

/** Other pods whose output is looked at. */
const MOST_PEERS = 16;

/** How a pod ended, and when. */
export interface SeenEnd {
  end: PodEnd;
  at: Date;
  by_itself: boolean;
}

/** Finds out and tells what the ends of pods mean. */
export interface Verdicts {
  /** A pod is over: its verdict is found and told. */
  end(pod: LivePod, seen: SeenEnd): Promise<void>;
  /** Of pods that failed, the one that is the cause; null: there is none. */
  cause(failed: readonly LivePod[]): Promise<LivePod | null>;
  /** Why a pod failed, with the evidence there is. */
  explain(pod: LivePod): Promise<Explanation>;
}

interface Surroundings {
  context: Pick<RunContext, 'plan' | 'experimentId' | 'secrets' | 'snapshot'>;
  logs: Pick<LogPump, 'open'>;
  facts: Pick<FactQueue, 'push'>;
  containers: Pick<PodContainers, 'seen'> | null;
  /** Of the coordinator. */
  port: number | null;
  /** Whether the kernel killed for want of memory since the last look but one. */
  wasOutOfMemory: () => Promise<boolean>;
}

export function createVerdicts(
  attempt: Pick<Attempt, 'number' | 'pods' | 'mark'>,
  { context, logs, facts, containers, port, wasOutOfMemory }: Surroundings,
): Verdicts {
  const { plan, experimentId: experiment, secrets } = context;
  const { ranksWaitIn } = OPERATORS[plan.operator];

  async function explain(pod: LivePod): Promise<Explanation> {
    const { end } = pod;
    if (end === null) throw new Error(`${pod.name} has not ended`);
    pod.out_of_memory ??= isKilled(end) && (await wasOutOfMemory());
    const framework = pod.out_of_memory ? null : await explainByOutput(pod);
    if (framework !== null) return framework;
    const evidence = { out_of_memory: pod.out_of_memory, peak_memory_bytes: pod.peak_memory_bytes };
    return explainPodEnd({ experiment, pod: pod.name, group: groupOf(plan, pod.planned), end, evidence });
  }

  /** In the terms of its framework: by what it printed last, and by what the other ranks did when it ended. */
  async function explainByOutput(pod: LivePod): Promise<Explanation | null> {
    const seen = await frameworkEnd(pod);
    return seen === null ? null : explainInFramework(seen);
  }

  /** Null: it was never started. */
  async function frameworkEnd(pod: LivePod): Promise<(FrameworkEnd & { of: LivePod }) | null> {
    const { end } = pod;
    if (end === null || end.how === 'not-started') return null;
    const at = pod.ended_at ?? new Date();
    const others = attempt.pods.filter((other) => other !== pod);
    const ranksOf = (pods: readonly LivePod[]) => pods.map(({ planned }) => planned.rank);
    const isRunning = ({ phase, ended_at: ended }: LivePod) => phase === 'live' || (ended ?? at) > at;
    const { tail, complaint } = await outputOf(pod);
    const peers = others.filter((other) => isRunning(other) || hasFailed(other)).slice(0, MOST_PEERS);
    return {
      of: pod,
      operator: plan.operator,
      experiment,
      pod: pod.name,
      rank: pod.planned.rank,
      code: end.how === 'exited' ? end.code : null,
      tail,
      complaint,
      debugging: debuggedWith(plan),
      repository: await ranRepository(context, { end, tail }),
      port,
      running: ranksOf(others.filter(isRunning)),
      finished: ranksOf(others.filter((other) => hasSucceeded(other) && (other.ended_at ?? at) <= at)),
      peers: ranksWaitIn === null ? [] : await Promise.all(peers.map(peerOf)),
    };
  }

  async function peerOf(pod: LivePod): Promise<Peer> {
    const { tail } = await outputOf(pod);
    return { rank: pod.planned.rank, pod: pod.name, error: lastError(tail) };
  }

  /** What it printed last; of a pod that has ended it stays the same. */
  async function outputOf(pod: LivePod): Promise<{ tail: string; complaint: string | null }> {
    if (pod.output !== null) return pod.output;
    const [out = '', err = ''] = await Promise.all(pod.logs.map((source) => logs.open(source)));
    const said = (await lastOutput([err], secrets)).split('\n');
    // A rule that is drawn below says nothing.
    const complaint = said.findLast((line) => /[\p{L}\p{N}]/u.test(line)) ?? null;
    const output = { tail: await lastOutput([out, err], secrets), complaint };
    if (pod.phase === 'ended') pod.output = output;
    return output;
  }

  return {
    explain,
    async cause(pods) {
      const failed = pods.toSorted((a, b) => (a.ended_at?.getTime() ?? 0) - (b.ended_at?.getTime() ?? 0));
      if (failed.length <= 1 || ranksWaitIn === null) return failed[0] ?? null;
      const seen = await Promise.all(failed.slice(0, MOST_PEERS).map(frameworkEnd));
      return causeAmong(seen.filter((each) => each !== null))?.of ?? failed[0] ?? null;
    },
    async end(pod, seen) {
      const said = async () => (await outputOf(pod)).complaint;
      pod.end = containers === null ? seen.end : await containers.seen(pod, seen.end, said);
      pod.phase = 'ended';
      pod.ended_at = seen.at;
      pod.by_itself = seen.by_itself;
      if (hasSucceeded(pod)) pod.status = 'Succeeded';
      else if (hasFailed(pod)) [pod.status, pod.reason] = ['Failed', (await explain(pod)).reason];
      else if (attempt.mark?.cause === 'done') pod.status = 'Succeeded';
      else [pod.status, pod.reason] = ['Stopped', stopReason(attempt.mark)];
      pod.ended.abort();
      facts.push(podFact(attempt.number, pod));
    },
  };
}

/** By a SIGKILL that nobody here sent. */
function isKilled(end: PodEnd): boolean {
  return end.how === 'vanished' || (end.how === 'exited' && end.code === 137);
}

function stopReason(mark: StopMark | null): Reason {
  if (mark?.cause === 'cancel') return 'CancelledByUser';
  return mark?.cause === 'deadline' ? 'DeadlineExceeded' : 'StoppedWithExperiment';
}
