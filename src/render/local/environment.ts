import { AichorError } from '../../errors.ts';
import type { EnvOrigin, EnvVariable, Plan, PodField } from '../../experiment/plan/plan.ts';
import type { PlannedPod } from '../../experiment/plan/planned-pods.ts';
import { escapeCommand, expand } from '../../operators/command/expand.ts';
import type { RunFacts } from './run-facts.ts';

export type { RunFacts } from './run-facts.ts';
export { localRunFacts } from './run-facts.ts';

/** One variable of one pod. */
export interface PodVariable {
  name: string;
  value: string;
  source: EnvOrigin;
}

/**
 * The variables that one pod sees, in the order of the plan. A variable about something this run does not have
 * (no S3 service, no TensorBoard) is left out.
 *
 * @throws AichorError `not_found` when the value of a secret is missing
 */
export function podEnvironment(
  plan: Plan,
  pod: PlannedPod,
  run: RunFacts,
  secrets: Readonly<Record<string, string>>,
): PodVariable[] {
  const group = plan.groups[pod.group];
  if (group === undefined) throw new RangeError(`${pod.pod} is in no group of the plan`);
  const values = new Map<string, string>();
  const resolve = valueReader({ plan, pod, run, secrets, values });
  return group.env.flatMap((variable) => {
    const value = resolve(variable);
    if (value === null) return [];
    values.set(variable.name, value);
    return [{ name: variable.name, value, source: variable.origin }];
  });
}

/** The command line a pod runs, after `$` rules: the user's, or a Ray node's `ray start` line. */
export function podCommand(plan: Plan, env: readonly { name: string; value: string }[]): string {
  const rayStart = env.find(({ name }) => name === 'KUBERAY_GEN_RAY_START_CMD');
  const command = env.find(({ name }) => name === 'AICHOR_COMMAND');
  return (rayStart ?? command)?.value ?? plan.command;
}

interface Facts {
  plan: Plan;
  pod: PlannedPod;
  run: RunFacts;
  secrets: Readonly<Record<string, string>>;
  /** Variables before the one that is looked up. */
  values: ReadonlyMap<string, string>;
}

function valueReader({ plan, pod, run, secrets, values }: Facts) {
  return ({ name, source }: EnvVariable): string | null => {
    switch (source.kind) {
      case 'literal':
        return source.value;
      case 'pod-field':
        return podValue(source.field, pod);
      case 'run-field':
        return run[source.field];
      case 'coordinator-address':
        return coordinatorAddress(values.get(source.host), run['coordinator-port']);
      case 'secret':
        return secretValue(name, secrets);
      case 'command':
        return expand(escapeCommand(plan.command), (each) => values.get(each));
    }
  };
}

function coordinatorAddress(host: string | undefined, port: string | null): string | null {
  return host === undefined || port === null ? null : `${host}:${port}`;
}

function podValue(field: PodField, pod: PlannedPod): string {
  switch (field) {
    case 'job-index':
      return String(pod.job_index);
    case 'pod-index':
      return String(pod.pod_index);
    case 'global-job-index':
      return String(pod.global_job_index);
  }
}

function secretValue(name: string, secrets: Readonly<Record<string, string>>): string {
  const value = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
  if (value !== undefined) return value;
  throw new AichorError('not_found', `the value of the secret ${name} is not there any more`, {
    hint: `submit again with --secret ${name}`,
  });
}
