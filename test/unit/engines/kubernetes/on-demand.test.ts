import { describe, expect, test } from 'vitest';
import { onDemandGroups } from '../../../../src/engines/kubernetes/fit/node/on-demand.ts';
import { nodeFacts } from '../../../../src/engines/kubernetes/fit/node/nodes.ts';
import { renderKubernetes } from '../../../../src/render/kubernetes/objects.ts';
import { completeSettings } from '../../../../src/render/kubernetes/settings/settings-schema.ts';
import { planWith } from './pods.ts';

const LABEL = 'karpenter.sh/capacity-type';
const SPOT_TAINT = { key: 'spot', value: 'true', effect: 'NoSchedule' };

function node(name: string, capacity: 'on-demand' | 'spot' | null, { tainted = false } = {}) {
  return nodeFacts({
    metadata: { name, labels: capacity === null ? {} : { [LABEL]: capacity } },
    spec: { taints: tainted ? [SPOT_TAINT] : [] },
    status: { conditions: [{ type: 'Ready', status: 'True' }], allocatable: { cpu: '16', memory: '64Gi' } },
  });
}

const PLAN = planWith('jobset', '{worker: {count: 1, resources: {cpus: 2, memory: 8, shmSizeGB: 0}}}');
const SPOT = planWith(
  'jobset',
  `{worker: {count: 1, resources: {cpus: 2, memory: 8, shmSizeGB: 0, extraSelectors: {${LABEL}: spot}}}}`,
);
const groups = (nodes: ReturnType<typeof node>[] | null, settings = {}, plan = PLAN) => [
  ...onDemandGroups(plan, nodes, completeSettings(settings, 'team')),
];

describe('pods go to on-demand nodes', () => {
  test('where nodes that they might run on carry the label', () => {
    expect(groups([node('a', 'on-demand'), node('b', 'spot')])).toEqual(['worker']);
    expect(groups([node('a', 'spot'), node('old', null)])).toEqual(['worker']);
  });

  test('not where no node that they might run on carries it, or nodes are not known', () => {
    expect(groups([node('a', null)])).toEqual([]);
    expect(groups([node('a', null), node('s', 'spot', { tainted: true })])).toEqual([]);
    expect(groups(null)).toEqual([]);
  });

  test('where no node would do yet, by the label of any node, if nodes come when they are needed', () => {
    const far = [node('s', 'spot', { tainted: true })];
    expect(groups(far)).toEqual([]);
    expect(groups(far, { autoscaling: true })).toEqual(['worker']);
  });

  test('unless the manifest, or the engine, says otherwise', () => {
    const nodes = [node('a', 'on-demand'), node('b', 'spot')];
    expect(groups(nodes, {}, SPOT)).toEqual([]);
    expect(groups(nodes, { selectors: { [LABEL]: 'reserved' } })).toEqual([]);
    expect(groups(nodes, { on_demand: false })).toEqual([]);
  });

  test('by a selector of their own', () => {
    const settings = completeSettings({}, 'team');
    const rendering = { plan: PLAN, settings, experimentId: '6f4a850d-2281-4c1e-9a55-0123456789ab' };
    const [jobset] = renderKubernetes({ ...rendering, project: 'p', onDemand: new Set(['worker']) }).filter(
      ({ kind }) => kind === 'JobSet',
    );
    expect(JSON.stringify(jobset)).toContain(`"nodeSelector":{"${LABEL}":"on-demand"}`);
    expect(JSON.stringify(renderKubernetes({ ...rendering, project: 'p' }))).not.toContain(LABEL);
  });
});
