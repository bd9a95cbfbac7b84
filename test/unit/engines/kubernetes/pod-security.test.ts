import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../../../src/engines/kubernetes/api/cluster-error.ts';
import type { RawRequest } from '../../../../src/engines/kubernetes/api/cluster.ts';
import {
  securityFindings,
  securityRefusals,
} from '../../../../src/engines/kubernetes/fit/namespace/pod-security.ts';
import { dotted } from '../../../../src/manifest/diagnostic.ts';
import {
  completeSettings,
  type SettingsInput,
} from '../../../../src/render/kubernetes/settings/settings-schema.ts';
import type { Plan } from '../../../../src/experiment/plan/plan.ts';
import { planWith } from './pods.ts';
import { stubCluster } from './stub-cluster.ts';

const VIOLATION =
  'violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true)';
const BUILT = planWith('jobset', '{worker: {count: 3, resources: {cpus: 2, memory: 8, shmSizeGB: 0}}}');

const PLAN = {
  ...BUILT,
  builder: { ...BUILT.builder, skip_build: { experiment_id: null, fail_if_not_found: false } },
};

interface World {
  level?: string | null;
  /** What making a pod is answered with. */
  status?: number;
  message?: string;
}

function clusterOf({ level = 'restricted', status = 201, message = '' }: World) {
  const asked: { path: string; request: RawRequest | undefined }[] = [];
  const labels: Record<string, string> =
    level === null ? {} : { 'pod-security.kubernetes.io/enforce': level };
  const cluster = stubCluster({
    get: () => Promise.resolve({ metadata: { name: 'team', labels } } as never),
    request: (path, request) => {
      asked.push({ path, request });
      const body = JSON.stringify({ kind: 'Status', status: 'Failure', reason: 'Forbidden', message });
      return Promise.resolve(
        Object.assign(Readable.from([body]), { statusCode: status, headers: {} }) as never,
      );
    },
  });
  return { cluster, asked };
}

async function found(world: World, settings: SettingsInput = {}, plan: Plan = PLAN) {
  const { cluster, asked } = clusterOf(world);
  const complete = completeSettings(settings, 'team');
  const refusals = await securityRefusals(cluster, { plan, settings: complete });
  const of = { engine: 'lab', settings: complete, namespace: 'team' };
  return { asked, findings: securityFindings(plan, refusals, of) };
}

describe('a namespace that enforces a pod security level', () => {
  test('is asked, for show, whether it would have the pods; what it says is said', async () => {
    const { asked, findings } = await found({ status: 403, message: `pods "x" is forbidden: ${VIOLATION}` });
    expect(asked.map(({ path }) => path)).toEqual(['/api/v1/namespaces/team/pods?dryRun=All']);
    expect(asked[0]?.request?.body).not.toContain('aichor.io/observed');
    expect(findings).toMatchObject([
      {
        code: 'engine-pod-security',
        message: `the namespace team of the engine lab refuses pods of worker: ${VIOLATION}`,
        hint: expect.stringContaining('--set pod_security=restricted'),
      },
    ]);
    expect(dotted(findings[0]?.path ?? [])).toBe('spec');
  });

  test('is not asked where nothing is enforced', async () => {
    expect(await found({ level: null })).toEqual({ asked: [], findings: [] });
    expect(await found({ level: 'privileged' })).toEqual({ asked: [], findings: [] });
  });

  test('takes what it takes; a quota that is used up is another matter', async () => {
    expect((await found({ status: 201 })).findings).toEqual([]);
    const quota = { status: 403, message: 'pods "x" is forbidden: exceeded quota: small' };
    expect((await found(quota, { pod_security: 'restricted' })).findings).toEqual([]);
  });

  test('cannot be asked by who may not make pods: then its level decides', async () => {
    const rights = { status: 403, message: 'pods is forbidden: User "u" cannot create resource "pods"' };
    expect((await found(rights)).findings).toMatchObject([
      { message: expect.stringContaining('it enforces the pod security level restricted') },
    ]);
    expect((await found(rights, { pod_security: 'restricted' })).findings).toEqual([]);
    expect((await found({ ...rights, level: 'baseline' })).findings).toEqual([]);
    expect((await found({ ...rights, level: 'baseline' }, {}, BUILT)).findings).toMatchObject([
      { message: expect.stringContaining('refuses the pod that builds the image') },
    ]);
  });

  test('that cannot be reached is no refusal', async () => {
    const cluster = stubCluster({
      get: () => Promise.reject(new ClusterError(0, 'ECONNREFUSED', 'cannot be reached')),
    });
    const settings = completeSettings({}, 'team');
    await expect(securityRefusals(cluster, { plan: PLAN, settings })).rejects.toMatchObject({ status: 0 });
  });
});
