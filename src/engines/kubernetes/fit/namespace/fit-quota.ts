import type { ResourceQuota } from 'kubernetes-types/core/v1.js';
import type { Plan } from '../../../../experiment/plan/plan.ts';
import type { Finding } from '../../../../manifest/diagnostic.ts';
import type { KubernetesSettings } from '../../../../render/kubernetes/settings/settings.ts';
import type { Inventory } from '../inventory.ts';
import { parseQuantity } from '../quantity.ts';
import { isMore, needsOf, shown } from './needs.ts';

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
  if (hard === null || !isMore(taken + need, hard)) return [];
  const path = ['spec', 'types'];
  const asked = shown(name, need);
  if (isMore(need, hard)) {
    const message = `${whose} allows ${most} of ${name} in all, and this experiment needs ${asked}: it can never run there`;
    const hint = "ask for less, name another engine, or have the namespace's administrator raise the quota";
    return [{ code: 'engine-quota', at: 'key', path, message, hint }];
  }
  const message = `${whose} has ${shown(name, hard - taken)} of ${most} of ${name} left, and this experiment needs ${asked}: ${shown(name, taken + need - hard)} are missing`;
  const hint = 'pods wait until others have ended';
  return [{ code: 'engine-quota-full', at: 'key', path, message, hint }];
}
