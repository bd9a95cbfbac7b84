import type { LimitRangeItem } from 'kubernetes-types/core/v1.js';
import type { Group, Plan } from '../../../../experiment/plan/plan.ts';
import type { Finding } from '../../../../manifest/diagnostic.ts';
import { typePath } from '../../../../operators/engine-fit.ts';
import { renderResources } from '../../../../render/kubernetes/pod/resources.ts';
import type { KubernetesSettings } from '../../../../render/kubernetes/settings/settings.ts';
import { placeOf } from '../node/fit-amounts.ts';
import type { Inventory } from '../inventory.ts';
import { parseQuantity } from '../quantity.ts';

/**
 * What the LimitRanges of the namespace will never let a pod have: more than a maximum, less than a minimum, too wide a burst, or
 * more than the limit that it gives who names none.
 */
export function limitFindings(
  plan: Plan,
  { limitRanges, namespace }: Pick<Inventory, 'limitRanges' | 'namespace'>,
  settings: KubernetesSettings,
): Finding[] {
  const pods = plan.groups.filter(({ role }) => role !== 'submitter');
  return limitRanges.flatMap(({ metadata, spec }) => {
    const whose = `the LimitRange ${metadata?.name} of the namespace ${namespace}`;
    const items = (spec?.limits ?? []).filter(({ type }) => type === 'Container' || type === 'Pod');
    return [
      ...items.flatMap((item) => pods.flatMap((group) => groupLimits(group, { item, whose, settings }))),
      ...(spec?.limits ?? []).flatMap((item) => claimLimits(plan, { item, whose })),
    ];
  });
}

/** Of the shared volume. */
function claimLimits({ storage }: Plan, { item, whose }: Pick<Limited, 'item' | 'whose'>): Finding[] {
  const size = storage.shared_volume?.size_gb;
  if (item.type !== 'PersistentVolumeClaim' || size === undefined) return [];
  const asked = size * 2 ** 30;
  const [most, least] = [item.max?.['storage'], item.min?.['storage']];
  const allows =
    asked > (parseQuantity(most ?? '') ?? Infinity)
      ? `at most ${most}`
      : asked < (parseQuantity(least ?? '') ?? 0)
        ? `no less than ${least}`
        : null;
  if (allows === null) return [];
  const message = `${whose} allows ${allows} for a claim, and the shared volume asks for ${size}Gi`;
  const path = ['spec', 'storage', 'sharedVolume', 'sizeGB'];
  return [{ code: 'engine-limit-range', at: 'value', path, message, hint: 'set another sizeGB' }];
}

interface Limited {
  item: LimitRangeItem;
  whose: string;
  settings: KubernetesSettings;
}

function groupLimits(group: Group, { item, whose, settings }: Limited): Finding[] {
  const { requests = {}, limits = {} } = renderResources(group.resources, settings);
  const code = 'engine-limit-range';
  const amountOf = (list: Readonly<Record<string, string>>, name: string) => parseQuantity(list[name] ?? '');
  const tooMuch = Object.entries(item.max ?? {}).flatMap(([name, most]): Finding[] => {
    const asked = amountOf(limits, name) ?? amountOf(requests, name);
    const max = parseQuantity(most);
    if (asked === null || max === null || asked <= max) return [];
    const message = `${whose} allows at most ${most} of ${name}, and a pod asks for ${limits[name] ?? requests[name]}`;
    return [{ code, at: 'value', path: placeOf(group, name), message, hint: 'ask for less' }];
  });
  const tooLittle = Object.entries(item.min ?? {}).flatMap(([name, least]): Finding[] => {
    const asked = amountOf(requests, name);
    const min = parseQuantity(least);
    if (asked === null || min === null || asked >= min) return [];
    const message = `${whose} demands at least ${least} of ${name}, and a pod asks for ${requests[name]}`;
    return [{ code, at: 'value', path: placeOf(group, name), message, hint: 'ask for more' }];
  });
  const unfit = Object.entries(item.type === 'Container' ? (item.default ?? {}) : {}).flatMap(
    ([name, given]): Finding[] => {
      const [asked, limit] = [amountOf(requests, name), parseQuantity(given)];
      if (limits[name] !== undefined || asked === null || limit === null || asked <= limit) return [];
      const message = `${whose} limits ${name} to ${given} where a pod says nothing of its own, and a pod asks for ${requests[name]}`;
      const hint = name === 'ephemeral-storage' ? 'set ephemeralStorageLimit, too' : 'ask for less';
      return [{ code, at: 'value', path: placeOf(group, name), message, hint }];
    },
  );
  const tooWide = Object.entries(item.maxLimitRequestRatio ?? {}).flatMap(([name, widest]): Finding[] => {
    const [limit, request] = [amountOf(limits, name), amountOf(requests, name)];
    const ratio = parseQuantity(widest);
    if (limit === null || request === null || ratio === null || limit <= request * ratio) return [];
    const message = `${whose} allows a limit of at most ${ratio} times the request of ${name}, and a pod has ${Math.round((limit / request) * 100) / 100} times`;
    const path = [...typePath(group, null), 'resources'];
    const hint = name === 'cpu' ? `set cpuLimitRatio: ${ratio}` : 'ask for less';
    return [{ code, at: 'key', path, message, hint }];
  });
  return [...tooMuch, ...tooLittle, ...unfit, ...tooWide];
}
