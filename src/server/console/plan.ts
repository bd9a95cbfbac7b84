import type { ExperimentPlan } from '../../api/console/plan-contract.ts';
import { AichorError } from '../../errors.ts';
import type { EnvVariable, Group } from '../../experiment/plan/plan.ts';
import type { ExperimentReading } from '../experiments/get.ts';

/** What was planned. Throws AichorError `not_found` where nothing was: the manifest was invalid, or is still being fetched. */
export function getPlan({ store }: Pick<ExperimentReading, 'store'>, ref: string): ExperimentPlan {
  const id = store.resolve(ref);
  const plan = store.submission(id)?.plan ?? null;
  if (plan === null)
    throw new AichorError(
      'not_found',
      `experiment ${id} has no plan: its manifest was not read, or is invalid`,
      {
        hint: 'aichor experiments get tells how it stands',
      },
    );
  const { operator, command, image, coordinator_pod, coordinator_port, timeout_s, backoff_limit } = plan;
  const groups = plan.groups.map(plannedGroup);
  return { operator, command, image, coordinator_pod, coordinator_port, timeout_s, backoff_limit, groups };
}

function plannedGroup(group: Group): ExperimentPlan['groups'][number] {
  const { name, role, replicas, completions, parallelism, resources, env } = group;
  const { cpus, memory_gb, gpus, gpu_product } = resources;
  return {
    name,
    role,
    pods: replicas * completions,
    replicas,
    completions,
    parallelism,
    cpus,
    memory_gb,
    gpus,
    gpu_product,
    env: env.map(plannedVariable),
  };
}

function plannedVariable({
  name,
  origin,
  source,
}: EnvVariable): ExperimentPlan['groups'][number]['env'][number] {
  return { name, origin, source: source.kind, value: valueOf(source) };
}

function valueOf(source: EnvVariable['source']): string | null {
  switch (source.kind) {
    case 'literal':
      return source.value;
    case 'pod-field':
    case 'run-field':
      return source.field;
    case 'coordinator-address':
      return source.host;
    case 'command':
      return null;
    case 'secret':
      return null;
  }
}
