import { AichorError } from '../../errors.ts';
import { planTotals, type Totals } from '../../experiment/plan/totals.ts';
import { plannedPods, type PlannedPod } from '../../experiment/plan/planned-pods.ts';
import type { Plan, Resources } from '../../experiment/plan/plan.ts';
import { ENGINE_OPERATORS, type OperatorName } from '../../operators/table.ts';
import { podCommand, podEnvironment, type PodVariable } from './environment.ts';
import { localRunFacts, type LocalRun } from './run-facts.ts';

/** What `manifest render --engine local` prints, and a dry run of a submission. */
export interface PlanDocument {
  engine: 'local';
  operator: OperatorName;
  /** Stands where the real id will be: there is no such experiment. */
  experiment_id: string;
  totals: Totals;
  timeout_s: number | null;
  backoff_limit: number;
  pods: PodDocument[];
}

export interface PodDocument {
  pod: string;
  type: string;
  job_index: number;
  pod_index: number;
  rank: number;
  wave: number;
  resources: Resources;
  command: string;
  env: PodVariable[];
}

/** Id that stands for the one a real experiment would get. */
export const PLACEHOLDER_EXPERIMENT_ID = '00000000-0000-4000-8000-000000000000';

/** A secret as it is shown. */
const MASK = '***';

/**
 * Every pod of a plan with what it would see on the embedded engine, the coordinator on its documented port.
 *
 * @throws AichorError `engine_unavailable` for an operator that the embedded engine can never run
 */
export function planDocument(plan: Plan, run: Pick<LocalRun, 'experimentId' | 'paths'>): PlanDocument {
  refuseForeign(plan);
  const facts: LocalRun = { ...run, restarts: 0, port: plan.coordinator_port };
  return {
    engine: 'local',
    operator: plan.operator,
    experiment_id: run.experimentId,
    totals: planTotals(plan),
    timeout_s: plan.timeout_s,
    backoff_limit: plan.backoff_limit,
    pods: plannedPods(plan).map((pod) => podDocument(plan, pod, facts)),
  };
}

function podDocument(plan: Plan, pod: PlannedPod, run: LocalRun): PodDocument {
  const group = plan.groups[pod.group];
  if (group === undefined) throw new RangeError(`${pod.pod} is in no group of the plan`);
  const env = podEnvironment(plan, pod, localRunFacts(plan, pod, run), maskedSecrets(plan));
  const { pod: name, type, job_index, pod_index, rank, wave } = pod;
  const { resources } = group;
  return {
    pod: name,
    type,
    job_index,
    pod_index,
    rank,
    wave,
    resources,
    command: podCommand(plan, env),
    env,
  };
}

function maskedSecrets(plan: Plan): Record<string, string> {
  const names = plan.groups.flatMap(({ env }) => env.filter(({ source }) => source.kind === 'secret'));
  return Object.fromEntries(names.map(({ name }) => [name, MASK]));
}

/** An operator that no engine of ours runs has pods that only its owner knows. */
function refuseForeign({ operator }: Plan): void {
  if (ENGINE_OPERATORS.includes(operator)) return;
  throw new AichorError('engine_unavailable', `the operator ${operator} runs on Google Vertex AI only`, {
    hint: `use ${ENGINE_OPERATORS.join(', ')}`,
  });
}
