import type { LimitRange, ResourceQuota } from 'kubernetes-types/core/v1.js';
import { describe, expect, test } from 'vitest';
import { fitFindings } from '../../../../src/engines/kubernetes/fit/fit.ts';
import type { Inventory } from '../../../../src/engines/kubernetes/fit/inventory.ts';
import { nodeFacts } from '../../../../src/engines/kubernetes/fit/node/nodes.ts';
import { severityOf } from '../../../../src/manifest/codes.ts';
import { dotted } from '../../../../src/manifest/diagnostic.ts';
import { completeSettings } from '../../../../src/render/kubernetes/settings/settings-schema.ts';
import { planWith } from './pods.ts';

const READY = [{ type: 'Ready', status: 'True' }];
const GPU = { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' };
const CORDON = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

function node(name: string, { cordoned = false, gpu = false, cpu = '16' } = {}) {
  const taints = [...(gpu ? [GPU] : []), ...(cordoned ? [CORDON] : [])];
  return nodeFacts({
    metadata: { name },
    spec: { taints, ...(cordoned && { unschedulable: true }) },
    status: { conditions: READY, allocatable: { cpu, memory: '64Gi' } },
  });
}

/** Pods of 2 CPUs (limit: as the manifest says, or twice that) and 8 GB. */
function found(
  inventory: Partial<Inventory>,
  { count = 1, cpus = 2, more = '', spec = [] as string[] } = {},
) {
  const plan = planWith(
    'jobset',
    `{worker: {count: ${count}, resources: {cpus: ${cpus}, memory: 8, shmSizeGB: 0${more}}}}`,
    spec,
  );
  const empty: Inventory = {
    namespace: 'team',
    nodes: [node('n1')],
    classes: null,
    claims: { missing: [], known: [] },
    quotas: [],
    limitRanges: [],
    security: [],
    queue: null,
    serves: true,
  };
  const findings = fitFindings(
    plan,
    { ...empty, ...inventory },
    { engine: 'lab', settings: completeSettings({}, 'team') },
  );
  return findings.map(({ code, path, message, hint }) => ({
    code,
    severity: severityOf(code, false),
    path: dotted(path),
    message,
    hint,
  }));
}

describe('nodes that are cordoned', () => {
  test('are what it waits for, and nothing is said of nodes for others', () => {
    expect(found({ nodes: [node('n1', { cordoned: true }), node('g1', { gpu: true })] })).toEqual([
      {
        code: 'engine-cordoned',
        severity: 'warning',
        path: 'spec.types.worker.resources.extraTolerations',
        message: 'nodes of the engine lab that would take this are closed (cordoned): n1',
        hint: 'pods wait until they are opened again: kubectl uncordon n1, by who administers the cluster',
      },
    ]);
    expect(found({ nodes: [node('n1', { cordoned: true })] })).toMatchObject([{ code: 'engine-cordoned' }]);
  });

  test('are not mentioned where others take it, nor where they would not take it either', () => {
    expect(found({ nodes: [node('n1'), node('n2', { cordoned: true })] })).toEqual([]);
    const small = [node('n1', { cpu: '1' }), node('n2', { cordoned: true, cpu: '1' })];
    expect(found({ nodes: small })).toMatchObject([{ code: 'engine-too-small', severity: 'error' }]);
  });
});

describe('a quota', () => {
  const quota = (
    hard: Record<string, string>,
    used: Record<string, string> = {},
    spec = {},
  ): ResourceQuota => ({
    metadata: { name: 'q' },
    spec: { hard, ...spec },
    status: { hard, used },
  });

  test.each([
    [
      { pods: '2' },
      'the quota q of the namespace team allows 2 of pods in all, and this experiment needs 4: it can never run there',
    ],
    [{ 'count/jobs.batch': '3' }, 'allows 3 of count/jobs.batch in all, and this experiment needs 4'],
    [{ 'count/jobsets.jobset.x-k8s.io': '0' }, 'allows 0 of count/jobsets.jobset.x-k8s.io in all'],
    [{ cpu: '7' }, 'allows 7 of cpu in all, and this experiment needs 8'],
    [{ 'requests.memory': '30Gi' }, 'allows 30Gi of requests.memory in all, and this experiment needs 32Gi'],
  ])('that can never give what it needs refuses it: %j', (hard, says) => {
    const [finding] = found({ quotas: [quota(hard)] }, { count: 4 });
    expect(finding).toMatchObject({ code: 'engine-quota', severity: 'error', path: 'spec.types' });
    expect(finding?.message).toContain(says);
  });

  test.each([['NotBestEffort'], ['NotTerminating']])(
    'that counts only %s pods counts all of these',
    (scope) => {
      const quotas = [quota({ pods: '2' }, {}, { scopes: [scope] })];
      expect(found({ quotas }, { count: 4 })).toMatchObject([{ code: 'engine-quota' }]);
      expect(
        found({ quotas: [quota({ pods: '2' }, {}, { scopes: [scope, 'Terminating'] })] }, { count: 4 }),
      ).toEqual([]);
    },
  );

  test('that is used up by others is what it waits for, with how much is missing', () => {
    expect(found({ quotas: [quota({ pods: '4' }, { pods: '3' })] }, { count: 3 })).toMatchObject([
      {
        code: 'engine-quota-full',
        severity: 'warning',
        message:
          'the quota q of the namespace team has 1 of 4 of pods left, and this experiment needs 3: 2 are missing',
      },
    ]);
  });

  test('that is needed to the last thousandth has room', () => {
    const quotas = [quota({ 'requests.cpu': '300m' }, { 'requests.cpu': '0' })];
    expect(found({ quotas }, { count: 3, cpus: 0.1 })).toEqual([]);
    expect(found({ quotas }, { count: 4, cpus: 0.1 })).toMatchObject([{ code: 'engine-quota' }]);
  });

  test('that has room, that counts something else, or only some pods, is not mentioned', () => {
    const quotas = [
      quota({ pods: '4', 'count/services': '0' }, { pods: '0' }),
      quota({ pods: '0' }, {}, { scopes: ['BestEffort'] }),
    ];
    expect(found({ quotas }, { count: 4 })).toEqual([]);
  });
});

describe('a LimitRange', () => {
  const range = (item: object): LimitRange => ({
    metadata: { name: 'r' },
    spec: { limits: [{ type: 'Container', ...item }] },
  });

  test('with a maximum that a pod passes', () => {
    expect(found({ limitRanges: [range({ max: { memory: '4Gi' } })] })).toMatchObject([
      {
        code: 'engine-limit-range',
        severity: 'error',
        path: 'spec.types.worker.resources.memory',
        message: expect.stringMatching(
          /^the LimitRange r of the namespace team allows at most 4Gi of memory, and a pod asks for /,
        ),
      },
    ]);
  });

  test('with a minimum that a pod is below', () => {
    expect(found({ limitRanges: [range({ min: { cpu: '4' } })] })).toMatchObject([
      {
        code: 'engine-limit-range',
        path: 'spec.types.worker.resources.cpus',
        message: 'the LimitRange r of the namespace team demands at least 4 of cpu, and a pod asks for 2',
        hint: 'ask for more',
      },
    ]);
    expect(found({ limitRanges: [range({ min: { cpu: '2', memory: '8Gi' } })] })).toEqual([]);
  });

  test('with a limit for who names none that is below what a pod asks for', () => {
    const limitRanges = [range({ default: { 'ephemeral-storage': '20Mi', cpu: '1' } })];
    expect(found({ limitRanges })).toEqual([]);
    const [finding] = found({ limitRanges, nodes: null }, { more: ', ephemeralStorageRequest: 1Gi' });
    expect(finding).toMatchObject({
      code: 'engine-limit-range',
      path: 'spec.types.worker.resources.ephemeralStorageRequest',
      message:
        'the LimitRange r of the namespace team limits ephemeral-storage to 20Mi where a pod says nothing of its own, and a pod asks for 1Gi',
      hint: 'set ephemeralStorageLimit, too',
    });
    const both = ', ephemeralStorageRequest: 1Gi, ephemeralStorageLimit: 2Gi';
    expect(found({ limitRanges, nodes: null }, { more: both })).toEqual([]);
  });

  test.each([
    [{ max: { storage: '10Gi' } }, 'allows at most 10Gi for a claim, and the shared volume asks for 20Gi'],
    [{ min: { storage: '50Gi' } }, 'allows no less than 50Gi for a claim'],
  ])('of claims that the shared volume passes: %j', (item, says) => {
    const limitRanges = [range({ type: 'PersistentVolumeClaim', ...item })];
    expect(found({ limitRanges })).toEqual([]);
    const storage = 'storage: {sharedVolume: {mountPoint: /shared, sizeGB: 20}}';
    expect(found({ limitRanges }, { spec: [storage] })).toMatchObject([
      {
        code: 'engine-limit-range',
        path: 'spec.storage.sharedVolume.sizeGB',
        message: expect.stringContaining(says),
      },
    ]);
  });

  test('with a ratio that a burst passes, and the key that cures it', () => {
    const limitRanges = [range({ maxLimitRequestRatio: { cpu: '1500m' } })];
    const [finding] = found({ limitRanges }, { more: ', cpuLimitRatio: 2' });
    expect(finding).toMatchObject({
      code: 'engine-limit-range',
      message:
        'the LimitRange r of the namespace team allows a limit of at most 1.5 times the request of cpu, and a pod has 2 times',
      hint: 'set cpuLimitRatio: 1.5',
    });
    expect(found({ limitRanges }, { more: ', cpuLimitRatio: 1.5' })).toEqual([]);
  });
});
