import type { Plan } from '../../../experiment/plan/plan.ts';
import type { Notice } from '../../../experiment/record.ts';
import { mainStart } from '../pod/containers.ts';
import { labelOf } from '../pod/labels.ts';
import type { SeenPod } from '../pod/seen-pod.ts';
import type { PlacedPod } from './model.ts';

/**
 * Jobs of a JobSet that somebody removed, or suspended: JobSet makes them again, or lets them go on, in the same attempt, and their
 * pods begin anew without a failure anywhere. Told by pods of one name that two Jobs made, or one Job twice. KubeRay makes pods
 * anew in the course of things.
 */
export function jobsMadeAnew(placed: readonly PlacedPod[], attempt: number, { groups }: Plan): Notice[] {
  if (groups.some(({ role }) => role !== 'pod')) return [];
  const firsts = new Map<string, SeenPod>();
  const removed = new Set<string>();
  const suspended = new Set<string>();
  for (const { object, source } of placed) {
    if (object.attempt !== attempt || source.controller === null) continue;
    const first = firsts.get(object.pod);
    if (first === undefined) firsts.set(object.pod, source);
    // Those of another JobSet of the same name are none of ours.
    else if (labelOf(first, 'jobsetUid') !== labelOf(source, 'jobsetUid')) continue;
    else if (first.controller !== source.controller) removed.add(object.pod);
    else if (mainStart(first) !== null) suspended.add(object.pod);
  }
  const within = `what ran there began anew, within attempt ${attempt}`;
  return [
    ...told(
      removed,
      (which) => `the Job of ${which} was removed from outside and made again by JobSet: ${within}`,
    ),
    ...told(suspended, (which) => `${which} was ended from outside and made again by its Job: ${within}`),
  ];
}

function told(pods: ReadonlySet<string>, say: (which: string) => string): Notice[] {
  const [first] = pods;
  if (first === undefined) return [];
  const which = pods.size === 1 ? first : `${pods.size} pods (${first}, …)`;
  return [{ code: 'job_made_anew', message: say(which) }];
}
