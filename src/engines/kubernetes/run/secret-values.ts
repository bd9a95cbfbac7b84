import type { Secret } from 'kubernetes-types/core/v1.js';
import type { Plan } from '../../../experiment/plan/plan.ts';
import { metadataOf, type Rendering } from '../../../render/kubernetes/rendering.ts';

/**
 * The Secret that holds the values of the plan's secret variables, to which its pods refer; null when it has none.
 *
 * @param values by name of the variable
 * @throws RangeError when a value is not there
 */
export function renderSecretValues(
  rendering: Rendering,
  values: Readonly<Record<string, string>>,
): (Secret & { kind: 'Secret' }) | null {
  const names = secretNames(rendering.plan);
  if (names.length === 0) return null;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadataOf(rendering, 'secrets'),
    type: 'Opaque',
    immutable: true,
    data: Object.fromEntries(names.map((name) => [name, base64(values, name)])),
  };
}

export function secretNames({ groups }: Pick<Plan, 'groups'>): string[] {
  const names = groups.flatMap(({ env }) => env.filter(({ source }) => source.kind === 'secret'));
  return [...new Set(names.map(({ name }) => name))].toSorted();
}

function base64(values: Readonly<Record<string, string>>, name: string): string {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) throw new RangeError(`no value of the secret variable ${name}`);
  return Buffer.from(value).toString('base64');
}
