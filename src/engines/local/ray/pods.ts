import { graceOf } from '../../../experiment/plan/grace.ts';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { plannedPods, type PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import { LAUNCHER } from '../../../operators/command/launcher.ts';
import type { RunContext } from '../../engine.ts';
import { groupOf, type WorkloadAttempt } from '../workload.ts';
import { START_PATIENCE_S } from './start-program.ts';
import { clusterFolder, dashboardPort, type RayCluster } from './cluster.ts';

/** Seconds of the grace that the nodes keep for themselves when the job is stopped. */
const NODES_GRACE_S = 5;

/** What Ray's own processes are told beside the plan's variables, unless those say it. */
export function rayEnvironment(plan: Plan): Record<string, string> {
  return {
    RAY_USAGE_STATS_ENABLED: '0',
    // On a machine that is busy with training, 30 s are not enough for a node to come up.
    RAY_agent_register_timeout_ms: String(START_PATIENCE_S * 1000),
    RAY_raylet_start_wait_time_s: String(START_PATIENCE_S),
    RAY_DASHBOARD_STARTUP_TIMEOUT_S: String(START_PATIENCE_S),
    // When a node is told to end, its job has ended already.
    RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S: '0',
    // How long a driver that was told to end may take: Ray's own 3 s are less than a checkpoint needs.
    RAY_JOB_STOP_WAIT_TIME_S: String(Math.max(1, jobGraceS(plan) - 2)),
  };
}

/** The words that run a pod of a Ray cluster. */
export function rayPodCommand(
  { plan, directory, experimentId }: Pick<RunContext, 'plan' | 'directory' | 'experimentId'>,
  { pod, attempt, cluster }: { pod: PlannedPod; attempt: WorkloadAttempt; cluster: RayCluster },
): string[] {
  const { number, folder } = attempt;
  const python = ['python3', '-I'];
  if (groupOf(plan, pod).role === 'submitter') {
    const job = jobId(experimentId, number);
    const log = join(clusterFolder(experimentId, number), 'session_latest', 'logs', `job-driver-${job}.log`);
    return [...python, join(directory, 'ray_submit.py'), String(dashboardPort(cluster)), job, log, LAUNCHER];
  }
  const before = podBefore(plannedPods(plan), pod, Math.max(1, Math.floor(availableParallelism() / 2)));
  const mark = before === null ? '-' : markOf(folder, before);
  return [...python, join(directory, 'ray_node.py'), markOf(folder, pod.pod), mark];
}

/**
 * The pod that must be up before this one starts its node, null for the head. Workers wait for the head, and only so
 * many come up at a time: Ray gives a node 30 seconds, each needs some seconds of a processor for that.
 */
export function podBefore(pods: readonly PlannedPod[], pod: PlannedPod, atOnce: number): string | null {
  if (pod.rank === 0) return null;
  return pods[Math.max(0, pod.rank - atOnce)]?.pod ?? null;
}

/**
 * The cluster so far: how many of its nodes run. The submitter is held back until all do, as KubeRay does it.
 */
export function clusterState({ folder, pods }: Pick<WorkloadAttempt, 'folder' | 'pods'>): {
  head: boolean;
  ready: number;
  nodes: number;
} {
  const names = new Set(readdirSync(folder));
  const nodes = pods.filter((pod) => pod.name !== SUBMITTER);
  const ready = nodes.filter((pod) => names.has(`${pod.name}.ready`)).length;
  return { head: names.has('head-0-0.ready'), ready, nodes: nodes.length };
}

/** Seconds that the submitter has to end: it leaves some of the grace to the nodes, which are told after it. */
export function jobGraceS(plan: Plan): number {
  const all = graceOf(plan);
  return Math.max(all - NODES_GRACE_S, all / 2);
}

export const SUBMITTER = 'submitter-0-0';

function jobId(experimentId: string, attempt: number): string {
  return `experiment-${experimentId.slice(0, 13)}-${attempt}`;
}

function markOf(folder: string, pod: string): string {
  return join(folder, `${pod}.ready`);
}
