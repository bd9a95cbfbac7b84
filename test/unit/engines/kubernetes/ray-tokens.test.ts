import { describe, expect, test } from 'vitest';
import { knowsRayTokens } from '../../../../src/engines/kubernetes/run/submit-workload.ts';
import { takesTokens } from '../../../../src/operators/ray-tokens.ts';
import { planOf } from '../../../engine/house.ts';
import { documents, stubCluster } from './stub-cluster.ts';

const resources = { cpus: 1, ramRatio: 1 };

function rayPlan(rayVersion: string) {
  const types = { Head: { resources }, Workers: [] };
  return planOf({ spec: { operator: 'kuberay', rayVersion, command: 'true', types } });
}

/** An API server whose KubeRay has these fields in the cluster of a RayJob. */
function kubeRay(fields: object) {
  const schema = {
    'x-kubernetes-group-version-kind': [{ group: 'ray.io', version: 'v1', kind: 'RayJob' }],
    properties: { spec: { properties: { rayClusterSpec: { properties: fields } } } },
  };
  const request = documents({
    '/openapi/v3/apis/ray.io/v1': { components: { schemas: { RayJob: schema } } },
  });
  return stubCluster({ request });
}

test.each([
  ['2.23.0', false],
  ['2.51.1', false],
  ['2.52.0', true],
  ['2.60.0', true],
  ['3.0.0', true],
  ['3.0.0.dev0', true],
  ['nightly', false],
  [null, false],
])('Ray %s takes tokens: %s', (version, takes) => {
  expect(takesTokens(version)).toBe(takes);
});

describe('a cluster has its token', () => {
  test('where KubeRay and Ray know of it', async () => {
    expect(await knowsRayTokens(kubeRay({ authOptions: {}, rayVersion: {} }), rayPlan('2.60.0'))).toBe(true);
    expect(await knowsRayTokens(kubeRay({ rayVersion: {} }), rayPlan('2.60.0'))).toBe(false);
    expect(await knowsRayTokens(stubCluster({ request: documents({}) }), rayPlan('2.60.0'))).toBe(false);
  });

  test('and nobody is asked for a Ray that does not', async () => {
    expect(await knowsRayTokens(stubCluster({}), rayPlan('2.23.0'))).toBe(false);
  });
});
