import { mainEnd } from './containers.ts';
import { deletionAskedAt, TOLD_CODES } from './disruption.ts';
import type { SeenContainer, SeenPod } from './seen-pod.ts';

type EndedContainer = SeenContainer & { code: number };

/**
 * Containers that somebody added beside the main one and of which the pod has failed, though its command ended with 0:
 * Kubernetes asks each of them. Not those that were told to end with the pod.
 */
export function spoilersOf(pod: SeenPod): readonly EndedContainer[] {
  if (pod.phase !== 'Failed' || mainEnd(pod)?.exitCode !== 0) return [];
  const asked = deletionAskedAt(pod);
  return pod.beside.flatMap((each) => {
    const { exitCode: code = 0, finishedAt = '' } = each.state?.terminated ?? {};
    const wasTold = asked !== null && (TOLD_CODES.has(code) || Date.parse(finishedAt) >= asked);
    return code === 0 || wasTold ? [] : [{ ...each, code }];
  });
}
