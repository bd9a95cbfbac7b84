import type { Plan } from '../../../../experiment/plan/plan.ts';
import { renderResources } from '../../../../render/kubernetes/pod/resources.ts';
import type { KubernetesSettings } from '../../../../render/kubernetes/settings/settings.ts';
import { RESOURCES } from '../../api/objects.ts';
import { workloadOf } from '../../workload/choose-workload.ts';
import { parseQuantity } from '../quantity.ts';

/** What all pods that run at once ask for together, and the objects that stand for them, by the names that quotas have for it. */
export function needsOf(plan: Plan, settings: KubernetesSettings): Map<string, number> {
  const { groups, storage } = plan;
  const needs = new Map<string, number>();
  const add = (name: string, amount: number) => needs.set(name, (needs.get(name) ?? 0) + amount);
  const { resource } = workloadOf(plan);
  add(`count/${resource.plural}.${resource.group}`, 1);
  if (resource === RESOURCES.rayjobs) add(`count/${RESOURCES.rayclusters.plural}.${resource.group}`, 1);
  else for (const { replicas } of groups) add('count/jobs.batch', replicas);
  if (storage.shared_volume !== null) {
    add('persistentvolumeclaims', 1);
    add('count/persistentvolumeclaims', 1);
    add('requests.storage', storage.shared_volume.size_gb * 2 ** 30);
  }
  for (const { replicas, parallelism, resources, role } of groups) {
    // What the submitter asks for is not the manifest's, and little.
    if (role === 'submitter') continue;
    const pods = replicas * parallelism;
    add('pods', pods);
    add('count/pods', pods);
    const { requests = {}, limits = {} } = renderResources(resources, settings);
    for (const [name, text] of Object.entries(requests))
      add(`requests.${name}`, pods * (parseQuantity(text) ?? 0));
    for (const [name, text] of Object.entries(limits))
      add(`limits.${name}`, pods * (parseQuantity(text) ?? 0));
  }
  return needs;
}

/** What amounts of thousandths lose when they are added up. */
const LOST = 1e-9;

/** Whether it is more than there is: three times 0.1 is not more than 0.3. */
export function isMore(need: number, room: number): boolean {
  return need > room + LOST * Math.max(1, Math.abs(room));
}

/** As quotas are written. */
export function shown(name: string, amount: number): string {
  if (!/memory|storage/.test(name)) return String(Math.round(amount * 1000) / 1000);
  return `${Math.round((amount / 2 ** 30) * 100) / 100}Gi`;
}
