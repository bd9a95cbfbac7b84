import { graceOf } from '../../experiment/plan/grace.ts';
import type { Explanation } from '../../experiment/failure/explain.ts';
import type { Group, Plan } from '../../experiment/plan/plan.ts';
import type { PlannedPod } from '../../experiment/plan/planned-pods.ts';
import { OPERATORS, type OperatorName } from '../../operators/table.ts';
import type { RunContext } from '../engine.ts';
import type { FactQueue } from '../facts.ts';
import type { LivePod } from './pod/pod.ts';
import type { Ports } from './shared/port-registry.ts';

/** One attempt, as far as a workload has to do with it. */
export interface WorkloadAttempt {
  /** Counts from 1. */
  number: number;
  folder: string;
  pods: readonly LivePod[];
}

/** How the pods of an experiment belong together on this machine, beside being started, watched and ended. */
export interface LocalWorkload {
  /** Why it cannot run with the programs that are there; null: nothing is known against it. */
  problem: Explanation | null;
  /** Variables that pods get unless the plan or the image says otherwise. */
  variables: Readonly<Record<string, string>>;
  /** Those of the variables that nobody may be told. */
  secrets: Readonly<Record<string, string>>;
  /** `ray start` parameters of a pod instead of the plan's. */
  rayParams(pod: PlannedPod, attempt: number): Readonly<Record<string, string>> | undefined;
  /** Words that run a pod; null: the user's command. */
  command(pod: PlannedPod, attempt: WorkloadAttempt): readonly string[] | null;
  /** Makes what an attempt needs before its first pod. */
  open(attempt: number): Promise<void>;
  /** Of the pods that are due, those that may start now; told again at each look. */
  startable(attempt: WorkloadAttempt, due: readonly PlannedPod[]): PlannedPod[];
  /** It has done its work although pods run: those would run on for ever. */
  isDone(pods: readonly LivePod[]): boolean;
  /** Whether a pod is told to end only after others. */
  endsLater(pod: LivePod, pods: readonly LivePod[]): boolean;
  /** Seconds that a pod has to end. */
  graceS(pod: LivePod): number;
  /** What led to a process that is gone leads nowhere. */
  endLinks(facts: FactQueue): void;
  /** Removes what the attempts up to this one left outside of the experiment's folder. */
  clearUp(lastAttempt: number): Promise<void>;
}

/** What an operator needs of this machine before its workload is opened. */
export interface WorkloadKind {
  /** Ports beside the coordinator's, by what they are for, each with the one it would like to have. */
  wantedPorts(plan: Plan): Record<string, number>;
  open(what: {
    context: RunContext;
    facts: FactQueue;
    ports: Ports;
    /** Environment of a pod before the workload adds to it. */
    environment: (pod: PlannedPod) => Record<string, string>;
  }): Promise<LocalWorkload>;
}

/** Pods that start together and end each by itself. */
const INDEPENDENT: WorkloadKind = {
  wantedPorts: () => ({}),
  open: async ({ context: { plan } }) => independentPods(plan),
};

/** What an operator becomes on this machine, by the object that would run it on a cluster. */
const KINDS: Record<'jobset' | 'rayjob', () => Promise<WorkloadKind>> = {
  jobset: async () => INDEPENDENT,
  rayjob: async () => (await import('./ray/workload.ts')).RAY_CLUSTER,
};

export async function workloadKind(operator: OperatorName): Promise<WorkloadKind> {
  const { workload } = OPERATORS[operator];
  if (workload === null) throw new RangeError(`no engine of ours runs ${operator}`);
  return KINDS[workload]();
}

export function independentPods(plan: Pick<Plan, 'graceful_termination'>): LocalWorkload {
  return {
    problem: null,
    variables: {},
    secrets: {},
    rayParams: () => undefined,
    command: () => null,
    open: async () => undefined,
    startable: (_, due) => [...due],
    isDone: () => false,
    endsLater: () => false,
    graceS: () => graceOf(plan),
    endLinks: () => undefined,
    clearUp: async () => undefined,
  };
}

export function groupOf({ groups }: Pick<Plan, 'groups'>, pod: PlannedPod): Group {
  const group = groups[pod.group];
  if (group === undefined) throw new RangeError(`${pod.pod} is in no group of the plan`);
  return group;
}
