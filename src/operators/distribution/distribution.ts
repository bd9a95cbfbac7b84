import type { EnvVariable, Group } from '../../experiment/plan/plan.ts';
import type { PodType } from '../../manifest/manifest.ts';
import { planResources } from './resources.ts';

/** What an operator makes of its part of the manifest; `plan.ts` adds what all operators have in common. */
export interface Distribution {
  /** In order of their global job indexes, empty ones left out; `env` holds the operator's own variables only. */
  groups: Group[];
  /** Pod that the others connect to, and the port it documents; null: no such pod. */
  coordinator: { pod: string; port: number } | null;
  /** Shell condition that is true in exactly one of the pods that run the command; null: only one runs it. */
  firstPod: string | null;
}

/** Group of a type whose pods all run the command. */
export function podGroup(type: PodType, env: EnvVariable[]): Group {
  return {
    name: type.name,
    role: 'pod',
    replicas: type.count,
    completions: type.completions,
    parallelism: Math.min(type.parallelisms, type.completions),
    resources: planResources(type.resources),
    env,
    ray_start_params: {},
  };
}

/** The first pod of the first type that has any: it has rank 0. */
export function coordinatorOf(types: readonly PodType[], port: number): Distribution['coordinator'] {
  const first = types.find((type) => type.count > 0);
  return first ? { pod: `${first.name}-0-0`, port } : null;
}

export function countPods(types: readonly PodType[]): number {
  return types.reduce((sum, type) => sum + type.count * type.completions, 0);
}
