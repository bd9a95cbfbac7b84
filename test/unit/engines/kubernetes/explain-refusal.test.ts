import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../../../src/engines/kubernetes/api/cluster-error.ts';
import { explainRefusal } from '../../../../src/engines/kubernetes/api/explain-refusal.ts';
import { RESOURCES } from '../../../../src/engines/kubernetes/api/objects.ts';
import { documents, stubCluster } from './stub-cluster.ts';

const { jobsets, rayjobs, claims } = RESOURCES;
const asked = (status: number, resource = jobsets as (typeof RESOURCES)[keyof typeof RESOURCES]) => ({
  ...{ verb: 'patch' as const, resource, name: 'experiment-1' },
  error: new ClusterError(status, 'Whatever', 'as the cluster says it'),
});

describe('a refusal', () => {
  test('of a kind that is not installed names what is missing and who can help', async () => {
    const cluster = stubCluster({ request: documents({}) });
    const { reason, explanation } = await explainRefusal(cluster, asked(404, rayjobs));
    expect(reason).toBe('EngineUnavailable');
    expect(explanation).toMatch(/KubeRay is not installed on https:\/\/cluster\.test .*cluster admin/);
  });

  test('of a kind in another version names the versions there are', async () => {
    const group = { versions: [{ version: 'v1alpha1' }, { version: 'v1beta9' }] };
    const cluster = stubCluster({ request: documents({ '/apis/jobset.x-k8s.io': group }) });
    const { explanation } = await explainRefusal(cluster, asked(404));
    expect(explanation).toContain(
      'it has jobset.x-k8s.io/v1alpha1, v1beta9, and jobsets.jobset.x-k8s.io/v1alpha2',
    );
  });

  test('because the namespace is gone says so', async () => {
    const served = { resources: [{ name: 'jobsets' }] };
    const request = documents({ '/apis/jobset.x-k8s.io/v1alpha2': served });
    const { reason, explanation } = await explainRefusal(
      stubCluster({ request, get: () => Promise.resolve(null) }),
      asked(404),
    );
    expect(reason).toBe('EngineUnavailable');
    expect(explanation).toContain('the namespace team does not exist');
  });

  test('for want of a permission names the verb and who can grant it', async () => {
    const cluster = stubCluster({ may: () => Promise.resolve(false) });
    const { reason, explanation } = await explainRefusal(cluster, asked(403));
    expect(reason).toBe('EngineUnavailable');
    expect(explanation).toContain('not allowed to patch jobsets.jobset.x-k8s.io in namespace team');
    expect(explanation).toContain('can grant it');
  });

  test.each([403, 422, 400, 413])(
    'by a quota, admission or validation is told verbatim (%i)',
    async (status) => {
      const cluster = stubCluster({ may: () => Promise.resolve(true) });
      const { reason, explanation } = await explainRefusal(cluster, asked(status, claims));
      expect(reason).toBe('StartFailed');
      expect(explanation).toContain(
        'PersistentVolumeClaim experiment-1 in namespace team: as the cluster says it',
      );
    },
  );

  test('because somebody else holds it is told with the cure', async () => {
    const { reason, explanation } = await explainRefusal(stubCluster({}), asked(409));
    expect(reason).toBe('StartFailed');
    expect(explanation).toMatch(/held by somebody else: as the cluster says it; delete it .* resubmit/);
  });

  test('that nobody may look into is told as it came', async () => {
    const may = () => Promise.reject(new ClusterError(403, 'Forbidden', 'not even that'));
    const { reason, explanation } = await explainRefusal(stubCluster({ may }), asked(403));
    expect(reason).toBe('StartFailed');
    expect(explanation).toContain('as the cluster says it');
  });
});
