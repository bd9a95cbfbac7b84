import { describe, expect, test } from 'vitest';
import {
  applyBeside,
  ApplyRefused,
  applyWorkload,
  disown,
  toApply,
  uidOfOurs,
} from '../../../../src/engines/kubernetes/run/apply.ts';
import { ClusterError } from '../../../../src/engines/kubernetes/api/cluster-error.ts';
import type { Cluster } from '../../../../src/engines/kubernetes/api/cluster.ts';
import type { KubeObject } from '../../../../src/engines/kubernetes/api/objects.ts';
import type { CommonSpec } from '../../../../src/manifest/manifest.ts';
import { planManifest } from '../../../../src/operators/plan.ts';
import { renderKubernetes } from '../../../../src/render/kubernetes/objects.ts';
import { DEFAULT_SETTINGS } from '../../../../src/render/kubernetes/settings/settings.ts';
import { jobset, NO_SUBMISSION, podType } from '../../operators/manifests.ts';
import { stubCluster } from './stub-cluster.ts';

const ID = '6f4a850d-2281-4c1e-9a55-0123456789ab';
const NAME = 'experiment-6f4a850d-2281';
const EVERYTHING: Partial<CommonSpec> = {
  tensorboard: { enabled: true, pvc: null },
  storage: {
    sharedVolume: { mountPoint: '/shared', sizeGB: 1, storageClass: null, accessMode: null },
    attachExistingPVCs: [],
  },
};

function renderingOf(common: Partial<CommonSpec> = {}, secrets: string[] = []) {
  const plan = planManifest(jobset([podType('worker')], common), { ...NO_SUBMISSION, secrets });
  return {
    plan,
    experimentId: ID,
    project: 'proj',
    image: 'host/image:tag',
    settings: { ...DEFAULT_SETTINGS, namespace: 'team' },
  };
}

interface Recording extends Cluster {
  done: string[];
  objects: Map<string, KubeObject>;
}

/** Keeps what it is given; everything gets a uid. */
function recordingCluster(present: KubeObject[] = [], refused: Record<string, ClusterError> = {}): Recording {
  const done: string[] = [];
  const objects = new Map(present.map((object) => [`${object.kind} ${object.metadata?.name}`, object]));
  const act = (verb: string, key: string) => {
    done.push(`${verb} ${key}`);
    const refusal = refused[`${verb} ${key}`];
    if (refusal !== undefined) throw refusal;
  };
  const cluster = stubCluster({
    async get({ kind }, name) {
      return (objects.get(`${kind} ${name}`) ?? null) as never;
    },
    async apply({ kind }, object) {
      const key = `${kind} ${object.metadata?.name}`;
      act('apply', key);
      const stored = { ...object, metadata: { ...object.metadata, uid: `uid of ${key}` } };
      objects.set(key, stored);
      return stored;
    },
    async patch({ kind }, name, change) {
      act('patch', `${kind} ${name} ${JSON.stringify(change)}`);
      return null;
    },
    may: () => Promise.resolve(true),
  });
  return Object.assign(cluster, { done, objects });
}

describe('applying', () => {
  test('comes in order: what pods wait for, the workload, what stands beside it, then who owns what', async () => {
    const cluster = recordingCluster();
    const rendering = renderingOf(EVERYTHING, ['TOKEN']);
    const wanted = toApply(rendering, { TOKEN: 'x' });
    const workload = await applyWorkload(cluster, wanted, ID);
    expect(await applyBeside(cluster, wanted, workload)).toEqual([]);
    expect(cluster.done.slice(0, 5)).toEqual([
      `apply Secret ${NAME}-secrets`,
      `apply PersistentVolumeClaim ${NAME}-shared`,
      `apply JobSet ${NAME}`,
      `apply Deployment ${NAME}-tensorboard`,
      `apply Service ${NAME}-tensorboard`,
    ]);
    const ownerReferences = [
      { apiVersion: 'jobset.x-k8s.io/v1alpha2', kind: 'JobSet', name: NAME, uid: `uid of JobSet ${NAME}` },
    ];
    const owned = JSON.stringify({ metadata: { ownerReferences } });
    expect(cluster.done.slice(5)).toEqual([
      `patch Secret ${NAME}-secrets ${owned}`,
      `patch PersistentVolumeClaim ${NAME}-shared ${owned}`,
      `patch Deployment ${NAME}-tensorboard ${owned}`,
      `patch Service ${NAME}-tensorboard ${owned}`,
    ]);
  });

  test('is what rendering shows, field by field', async () => {
    const cluster = recordingCluster();
    const rendering = renderingOf(EVERYTHING);
    const wanted = toApply(rendering, {});
    await applyBeside(cluster, wanted, await applyWorkload(cluster, wanted, ID));
    for (const shown of renderKubernetes(rendering)) {
      const { metadata, ...applied } = cluster.objects.get(`${shown.kind} ${shown.metadata?.name}`) ?? {};
      const { uid: _, ...rest } = metadata ?? {};
      expect({ ...applied, metadata: rest }).toEqual(shown);
    }
    expect(cluster.objects.size).toBe(renderKubernetes(rendering).length);
  });

  test('takes its own workload as it finds it', async () => {
    const there = {
      kind: 'JobSet',
      metadata: { name: NAME, uid: 'old', labels: { 'aichor.io/experiment-id': ID } },
    };
    const cluster = recordingCluster([there]);
    expect(await applyWorkload(cluster, toApply(renderingOf(), {}), ID)).toBe(there);
    expect(cluster.done).toEqual([]);
    expect(await uidOfOurs(cluster, renderingOf())).toBe('old');
  });

  test.each([
    ['another experiment', { 'aichor.io/experiment-id': 'other' }, /belongs to experiment other/],
    ['nobody we know', {}, /is not of an experiment/],
  ])('does not touch a workload of %s that has its name', async (_, labels, expected) => {
    const cluster = recordingCluster([{ kind: 'JobSet', metadata: { name: NAME, uid: 'x', labels } }]);
    const applying = applyWorkload(cluster, toApply(renderingOf(), {}), ID);
    await expect(applying).rejects.toThrow(expected);
    await expect(applying).rejects.toBeInstanceOf(ApplyRefused);
    expect(cluster.done).toEqual([]);
    expect(await uidOfOurs(cluster, renderingOf())).toBeNull();
  });

  test('says what a quota says', async () => {
    const said = 'exceeded quota: small, requested: count/jobsets=1, used: 1, limited: 1';
    const refused = { [`apply JobSet ${NAME}`]: new ClusterError(403, 'Forbidden', said) };
    const applying = applyWorkload(recordingCluster([], refused), toApply(renderingOf(), {}), ID);
    await expect(applying).rejects.toMatchObject({
      explanation: { reason: 'StartFailed', explanation: expect.stringContaining(said) },
    });
  });

  test('leaves what cannot be reached to whoever insists', async () => {
    const away = new ClusterError(0, 'ECONNREFUSED', 'away');
    const refused = { [`apply JobSet ${NAME}`]: away };
    const applying = applyWorkload(recordingCluster([], refused), toApply(renderingOf(), {}), ID);
    await expect(applying).rejects.toBe(away);
  });

  test('goes on without a TensorBoard that is refused', async () => {
    const refused = {
      [`apply Deployment ${NAME}-tensorboard`]: new ClusterError(403, 'Forbidden', 'no room'),
    };
    const cluster = recordingCluster([], refused);
    const wanted = toApply(renderingOf(EVERYTHING), {});
    const notices = await applyBeside(cluster, wanted, await applyWorkload(cluster, wanted, ID));
    expect(notices).toEqual([
      { code: 'tensorboard_unavailable', message: expect.stringContaining('no room') },
    ]);
    expect(cluster.done.some((each) => each.startsWith(`patch Deployment`))).toBe(false);
  });

  test('a workload lets go of what the next one needs', async () => {
    const cluster = recordingCluster();
    await disown(
      cluster,
      toApply(renderingOf({ ...EVERYTHING, tensorboard: { enabled: false, pvc: null } }), {}),
    );
    const free = JSON.stringify({ metadata: { ownerReferences: null } });
    expect(cluster.done).toEqual([`patch PersistentVolumeClaim ${NAME}-shared ${free}`]);
  });
});
