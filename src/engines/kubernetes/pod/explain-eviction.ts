import { manifestPath, type EndedPod, type Explanation } from '../../../experiment/failure/explain.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import { restartsEvicted } from '../../../render/kubernetes/eviction.ts';
import type { Disruption } from './disruption.ts';

/** A pod that did not end by itself. */
export interface EvictedPod {
  pod: string;
  group: EndedPod['group'];
  /** Null: it was deleted, and nothing says why. */
  disruption: Disruption | null;
  /** Exit code of its command; null: not seen. */
  code: number | null;
  node: string | null;
}

/** What a pressed node lacks, by the word in the kubelet's message, and what to ask for. */
const PRESSED: readonly { shows: RegExp; cure: (path: string) => string }[] = [
  { shows: /memory/i, cure: (path) => `raise ${path}.resources.memory to what it really uses` },
  {
    shows: /usage of emptydir volume/i,
    cure: (path) => `raise ${path}.resources.shmSizeGB, or write less to it`,
  },
  {
    shows: /ephemeral[ -](?:local )?storage|disk|nodefs|imagefs/i,
    cure: (path) =>
      `write less to the container's own disk, or raise ${path}.resources.ephemeralStorageRequest and ephemeralStorageLimit`,
  },
  { shows: /pid/i, cure: () => 'start fewer processes' },
];

/** Reason and sentence for a pod that was evicted, preempted, lost with its node, or deleted by hand. */
export function explainEviction(
  evicted: EvictedPod,
  plan: Pick<Plan, 'operator' | 'backoff_limit'>,
): Explanation {
  const code = evicted.code === null ? '' : ` (exit ${evicted.code})`;
  return { reason: 'Evicted', explanation: `${saidOf(evicted)}${code}; ${cureOf(evicted, plan)}` };
}

function saidOf({ pod, disruption, node }: EvictedPod): string {
  const where = node === null ? 'its node' : `node ${node}`;
  const verbatim = disruption?.message ? `: ${disruption.message.trim().replace(/\.$/, '')}` : '';
  switch (disruption?.reason) {
    case undefined:
      return `${pod} was deleted from outside before its command had ended`;
    case 'PreemptionByScheduler':
      return `${pod} was preempted on ${where}: a pod of higher priority needed the room`;
    case 'DeletionByTaintManager':
      return `${pod} was evicted: ${where} was tainted, as it is for maintenance or when a spot machine is taken back${verbatim}`;
    case 'EvictionByEvictionAPI':
      return `${pod} was evicted from ${where}, as it is when a node is drained or given up${verbatim}`;
    case 'DeletionByPodGC':
    case 'NodeLost':
      return `${pod} was lost with ${where}${verbatim}`;
    case 'Terminated':
    case 'NodeShutdown':
      return `${pod} was ended by the shutdown of ${where}${verbatim}`;
    case 'DeadlineExceeded':
      return `${pod} was ended by ${where} when the deadline of the pod was over, which somebody in the cluster has set (activeDeadlineSeconds)`;
    default:
      return `${pod} was evicted by ${where}${verbatim}`;
  }
}

function cureOf({ disruption, group }: EvictedPod, plan: Pick<Plan, 'operator' | 'backoff_limit'>): string {
  const pressed = isPressure(disruption)
    ? PRESSED.find(({ shows }) => shows.test(disruption.message))
    : undefined;
  if (pressed !== undefined) return pressed.cure(manifestPath(group));
  if (!restartsEvicted(plan)) return `${plan.operator} restarts only what fails by itself, so resubmit`;
  if (plan.backoff_limit > 0) return 'resubmit, or raise spec.restartPolicy.backoffLimit';
  return 'resubmit, or set spec.restartPolicy.backoffLimit to have it started again';
}

function isPressure(disruption: Disruption | null): disruption is Disruption {
  return disruption?.reason === 'Evicted' || disruption?.reason === 'TerminationByKubelet';
}
