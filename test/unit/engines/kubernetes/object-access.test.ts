import { expect, test } from 'vitest';
import { ClusterError } from '../../../../src/engines/kubernetes/api/cluster-error.ts';
import { objectAccess } from '../../../../src/engines/kubernetes/pod/object-access.ts';
import { planManifest } from '../../../../src/operators/plan.ts';
import { DEFAULT_SETTINGS } from '../../../../src/render/kubernetes/settings/settings.ts';
import { jobset, NO_SUBMISSION, podType } from '../../operators/manifests.ts';
import { stubCluster } from './stub-cluster.ts';

const encoded = (text: string) => Buffer.from(text).toString('base64');
const PROJECT = {
  AWS_ACCESS_KEY_ID: encoded('of-the-project'),
  AWS_SECRET_ACCESS_KEY: encoded('its-key'),
  OTHER: encoded('x'),
};
const asked: string[] = [];
const clusterWith = (data: Record<string, string> | null) =>
  stubCluster({
    get: async (_resource, name) => {
      asked.push(name);
      return data === null ? null : ({ data } as never);
    },
  });
const pods = (secrets: Record<string, string> = {}) => {
  const names = Object.keys(secrets);
  const manifest = jobset([podType('a'), podType('b')]);
  return { plan: planManifest(manifest, { ...NO_SUBMISSION, secrets: names }), secrets };
};

test('keys are those of the Secret of the project, which pods get', async () => {
  expect(await objectAccess(clusterWith(PROJECT), DEFAULT_SETTINGS, pods())).toMatchObject({
    ...{ accessKey: 'of-the-project', secretKey: 'its-key', endpoint: null },
  });
  expect(asked).toEqual(['aichor-project-env']);
});

test('secret variables of the experiment beat them', async () => {
  const own = pods({ AWS_ACCESS_KEY_ID: 'own', AWS_SECRET_ACCESS_KEY: 'own-key' });
  const settings = { ...DEFAULT_SETTINGS, project_secret: null };
  for (const access of [
    await objectAccess(clusterWith(PROJECT), DEFAULT_SETTINGS, own),
    await objectAccess(stubCluster({}), settings, own),
  ])
    expect(access).toMatchObject({ accessKey: 'own', secretKey: 'own-key' });
});

test('a Secret that is not there gives none; one that may not be read is said, with who allows it', async () => {
  expect(await objectAccess(clusterWith(null), DEFAULT_SETTINGS, pods())).toEqual({
    why: expect.stringContaining('no AWS_ACCESS_KEY_ID'),
  });
  const refusing = stubCluster({
    get: () => Promise.reject(new ClusterError(403, 'Forbidden', 'no')),
  });
  expect(await objectAccess(refusing, DEFAULT_SETTINGS, pods())).toEqual({
    why: expect.stringMatching(
      /may not read the Secret aichor-project-env of team.*allows it to get Secrets/,
    ),
  });
});
