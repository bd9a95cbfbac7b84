import { counted } from '../../base/text/plural.ts';
import { AichorError } from '../../errors.ts';
import { planPeak } from '../../experiment/plan/totals.ts';
import type { Group, Plan } from '../../experiment/plan/plan.ts';
import type { Notice } from '../../experiment/record.ts';
import type { MachineCapacity } from '../../machine/capacity.ts';
import { givenImage } from '../../operators/image.ts';
import { ENGINE_OPERATORS } from '../../operators/table.ts';

/** More processes than these on one machine are a slip of the keyboard. */
const DEFAULT_MAX_PODS = 500;

/**
 * What this machine makes of a plan: refuses what it can never run, and names what it cannot honour. CPUs and
 * memory are shared, not reserved, so asking for more than there is is no reason to refuse (contract 8).
 *
 * @param maxPods that may run at the same time
 * @throws AichorError `engine_unavailable` for operators that need a cloud, and for too many pods at once
 */
export function checkPlan(
  plan: Plan,
  machine: MachineCapacity & { gpus: number },
  maxPods = DEFAULT_MAX_PODS,
): Notice[] {
  refuseOperator(plan);
  const peak = planPeak(plan);
  refuseTooMany(peak.pods, maxPods);
  const notices: Notice[] = [];
  const add = (code: string, message: string) => notices.push({ code, message });
  if (peak.cpus > machine.cpus)
    add(
      'cpus_shared',
      `asks for ${peak.cpus} CPUs at once; this machine has ${machine.cpus}, the pods share them`,
    );
  if (peak.memory_gb > machine.memory_gb) {
    add(
      'memory_shared',
      `asks for ${peak.memory_gb} GB at once; this machine has ${machine.memory_gb}, the pods share them`,
    );
  }
  if (peak.gpus > 0 && machine.gpus === 0)
    add('gpus_absent', `asks for ${counted(peak.gpus, 'GPU')}; this machine has none`);
  else if (peak.gpus > machine.gpus)
    add(
      'gpus_few',
      `asks for ${peak.gpus} GPUs at once; this machine has ${machine.gpus}, pods wait for one`,
    );
  const image = givenImage(plan);
  const inContainers = plan.container !== undefined;
  if (image !== null && !inContainers)
    add(
      'image_not_used',
      `the image ${image} is for a cluster: on this machine pods run with the environment that the repository describes`,
    );
  if (plan.groups.some((group) => group.resources.tpu !== null))
    add('tpus_absent', 'asks for TPUs; this machine has none');
  if (asksForIdentity(plan) && !inContainers) {
    add(
      'security_ignored',
      'spec.securityContext is not honoured without a container: pods run as you, with your rights',
    );
  }
  if (plan.groups.some(choosesNodes)) {
    add(
      'placement_ignored',
      'selectors, tolerations and RDMA devices choose nodes of a cluster: they have no effect on this machine',
    );
  }
  return notices;
}

function refuseTooMany(pods: number, maxPods: number): void {
  if (pods <= maxPods) return;
  throw new AichorError(
    'engine_unavailable',
    `asks for ${pods} pods at once; on this machine at most ${maxPods} run at the same time`,
    {
      hint: 'lower count or parallelisms, use a cluster (aichor engines add), or raise max_pods in settings.json',
    },
  );
}

function choosesNodes({ resources }: Group): boolean {
  const { selectors, tolerations, rdma_devices: rdma } = resources;
  return Object.keys(selectors).length + tolerations.length + rdma.length > 0;
}

/** `ptrace` is left out: where it is not allowed it is ignored in silence, as on the cluster. */
function asksForIdentity({ security }: Plan): boolean {
  const { perfmon, run_as_user: user, run_as_group: group, fs_group: fsGroup } = security;
  return perfmon || user !== null || group !== null || fsGroup !== null;
}

function refuseOperator({ operator }: Plan): void {
  if (ENGINE_OPERATORS.includes(operator)) return;
  throw new AichorError('engine_unavailable', `the local engine cannot run operator ${operator}`, {
    hint: `use jobset, jax, pytorch, xgboost or kuberay here, or another engine: aichor engines list`,
  });
}
