import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import type { Plan } from '../../../../experiment/plan/plan.ts';
import type { Finding } from '../../../../manifest/diagnostic.ts';
import { renderResources } from '../../../../render/kubernetes/pod/resources.ts';
import type { KubernetesSettings } from '../../../../render/kubernetes/settings/settings.ts';
import { RESOURCES } from '../../api/objects.ts';
import { workloadOf } from '../../workload/choose-workload.ts';
import type { Inventory } from '../inventory.ts';
import { parseQuantity } from '../quantity.ts';

/** What the quotas of the namespace can never give, however long it waits; and what it will wait for. */
export function quotaFindings(
  plan: Plan,
  { quotas, namespace }: Pick<Inventory, 'quotas' | 'namespace'>,
  settings: KubernetesSettings,
): Finding[] {
  const needs = needsOf(plan, settings);
  return quotas.filter(isForAll).flatMap(({ metadata, status, spec }) => {
    const whose = `the quota ${metadata?.name} of the namespace ${namespace}`;
    const hard = status?.hard ?? spec?.hard ?? {};
    return Object.entries(hard).flatMap(([name, most]) => {
      const need = needs.get(name.replace(/^(cpu|memory)$/, 'requests.$1'));
      const used = status?.used?.[name] ?? '0';
      return need === undefined ? [] : quotaFinding({ name, most, used, need, whose });
    });
  });
}

/** Of every pod of ours it is true that it asks for something, and that it has no deadline of its own. */
const OURS: ReadonlySet<string> = new Set(['NotBestEffort', 'NotTerminating']);

/** Some count only pods of certain classes or lives: whether ours are among them is not known. */
function isForAll({ spec }: ResourceQuota): boolean {
  return (spec?.scopes ?? []).every((scope) => OURS.has(scope)) && spec?.scopeSelector === undefined;
}

interface Counted {
  name: string;
  most: string;
  used: string;
  need: number;
  whose: string;
}

function quotaFinding({ name, most, used, need, whose }: Counted): Finding[] {
  const [hard, taken] = [parseQuantity(most), parseQuantity(used) ?? 0];
  if (hard === null || taken + need <= hard) return [];
  const path = ['spec', 'types'];
  const asked = shown(name, need);
  if (need > hard) {
    const message = `${whose} allows ${most} of ${name} in all, and this experiment needs ${asked}: it can never run there`;
    const hint = "ask for less, name another engine, or have the namespace's administrator raise the quota";
    return [{ code: 'engine-quota', at: 'key', path, message, hint }];
  }
  const message = `${whose} has ${shown(name, hard - taken)} of ${most} of ${name} left, and this experiment needs ${asked}: ${shown(name, taken + need - hard)} are missing`;
  const hint = 'pods wait until others have ended';
  return [{ code: 'engine-quota-full', at: 'key', path, message, hint }];
}

/** What all pods that run at once ask for together, and the objects that stand for them, by the names that quotas have for it. */
function needsOf(plan: Plan, settings: KubernetesSettings): Map<string, number> {
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

/** As quotas are written. */
function shown(name: string, amount: number): string {
  if (!/memory|storage/.test(name)) return String(Math.round(amount * 1000) / 1000);
  return `${Math.round((amount / 2 ** 30) * 100) / 100}Gi`;
}
