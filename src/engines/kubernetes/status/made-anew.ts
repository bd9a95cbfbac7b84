import type { Plan } from '../../../experiment/plan/plan.ts';
import type { Notice } from '../../../experiment/record.ts';
import type { PlacedPod } from './model.ts';

/**
 * Jobs of a JobSet that somebody removed: JobSet makes them again in the same attempt, and their pods begin anew without
 * a failure anywhere. Told by pods of one name that two Jobs made. KubeRay makes pods anew in the course of things.
 */
export function jobsMadeAnew(placed: readonly PlacedPod[], attempt: number, { groups }: Plan): Notice[] {
  if (groups.some(({ role }) => role !== 'pod')) return [];
  const owners = new Map<string, string>();
  const anew = new Set<string>();
  for (const { object, source } of placed) {
    if (object.attempt !== attempt || source.controller === null) continue;
    const owner = owners.get(object.pod) ?? source.controller;
    owners.set(object.pod, owner);
    if (owner !== source.controller) anew.add(object.pod);
  }
  const [first] = anew;
  if (first === undefined) return [];
  const which = anew.size === 1 ? first : `${anew.size} pods (${first}, …)`;
  const message = `the Job of ${which} was removed from outside and made again by JobSet: what ran there began anew, within attempt ${attempt}`;
  return [{ code: 'job_made_anew', message }];
}
