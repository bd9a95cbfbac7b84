import { formatBytes } from '../../../../base/text/bytes.ts';
import type { ExperimentFact } from '../../../../experiment/event.ts';
import type { Plan } from '../../../../experiment/plan/plan.ts';
import type { LivePod } from '../../pod/pod.ts';

const GB = 1e9;

/**
 * The notice of pods that used more memory than they asked for: this machine lets them, a cluster ends them. Null when none did;
 * of pods that failed the explanation says it.
 */
export function memoryNotice(
  pods: readonly Pick<LivePod, 'name' | 'planned' | 'peak_memory_bytes' | 'status'>[],
  { groups }: Pick<Plan, 'groups'>,
): Extract<ExperimentFact, { type: 'notice' }> | null {
  const above = pods
    .flatMap((pod) => {
      const asked = (groups[pod.planned.group]?.resources.memory_gb ?? 0) * GB;
      const peak = pod.peak_memory_bytes ?? 0;
      return pod.status === 'Succeeded' && asked > 0 && peak > asked ? [{ name: pod.name, asked, peak }] : [];
    })
    .sort((a, b) => b.peak / b.asked - a.peak / a.asked);
  const [most] = above;
  if (most === undefined) return null;
  const others = above.length === 1 ? '' : ` (and ${above.length - 1} more)`;
  return {
    type: 'notice',
    code: 'memory_above_request',
    message: `${most.name}${others}: peak ${formatBytes(most.peak)} of ${formatBytes(most.asked)} asked; a cluster would have ended it: raise memory (or ramRatio) in the manifest`,
  };
}
