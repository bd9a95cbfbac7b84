import { fields, numberAt, podBlocks, valueAt, type Draft, type Fields, type Rule } from '../../draft.ts';

/** Node labels that ask for capacity that can be taken away, and the provider's notice in seconds. */
const SPOT: Readonly<Record<string, { value: string; notice: number }>> = {
  'karpenter.sh/capacity-type': { value: 'spot', notice: 120 },
  'eks.amazonaws.com/capacityType': { value: 'SPOT', notice: 120 },
  'kubernetes.azure.com/scalesetpriority': { value: 'spot', notice: 30 },
  'cloud.google.com/gke-spot': { value: 'true', notice: 30 },
  'cloud.google.com/gke-provisioning': { value: 'spot', notice: 30 },
};

/** Spot nodes go away: without a restart the experiment goes with them. */
export const spotRestartRule: Rule = (draft) => {
  const limit = numberAt(fields(valueAt(draft.root, ['spec', 'restartPolicy'])), 'backoffLimit', 0);
  const first = limit > 0 ? undefined : spotSelectors(draft)[0];
  if (!first) return [];
  const message = 'the pods run on spot nodes, and a node that is taken away ends the experiment';
  return [
    {
      code: 'spot-without-restart',
      path: first.path,
      at: 'key',
      message,
      hint: 'add spec.restartPolicy.backoffLimit, and save checkpoints',
    },
  ];
};

/** What is saved at the end must be saved before the node is gone. */
export const spotGraceRule: Rule = (draft) => {
  const path = ['spec', 'gracefulTermination', 'terminationGracePeriodSeconds'];
  const grace = valueAt(draft.root, path);
  const notice = Math.min(...spotSelectors(draft).map((selector) => selector.notice));
  if (typeof grace !== 'number' || grace < notice || notice === Infinity) return [];
  const message = `a spot node is gone ${notice} s after the notice, before these ${grace} s are over`;
  return [{ code: 'grace-above-notice', path, at: 'value', message, hint: `write less than ${notice}` }];
};

function spotSelectors(draft: Draft): { path: (string | number)[]; notice: number }[] {
  return podBlocks(draft).flatMap(({ path, resources }) => {
    const selectors: Fields = fields(resources['extraSelectors']);
    return Object.entries(selectors).flatMap(([label, value]) => {
      const known = Object.hasOwn(SPOT, label) ? SPOT[label] : undefined;
      return known && String(value) === known.value
        ? [{ path: [...path, 'resources', 'extraSelectors', label], notice: known.notice }]
        : [];
    });
  });
}
