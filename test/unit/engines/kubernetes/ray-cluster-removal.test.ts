import { describe, expect, test } from 'vitest';
import type { ObservedRayJob } from '../../../../src/engines/kubernetes/api/objects.ts';
import { createRayClusterWatch } from '../../../../src/engines/kubernetes/end/ray-cluster-removal.ts';
import type { Look } from '../../../../src/engines/kubernetes/status/model.ts';
import { DEFAULT_SETTINGS } from '../../../../src/render/kubernetes/settings/settings.ts';
import { EXPERIMENT, NAME, observing, planWith, pod, RESOURCES } from './pods.ts';
import { stubCluster } from './stub-cluster.ts';

const plan = planWith('kuberay', `{Head: {${RESOURCES}}}`, ['rayVersion: "2.52.1"']);
const rendering = { plan, settings: DEFAULT_SETTINGS, experimentId: EXPERIMENT, project: 'p' };
const CLUSTER = `${NAME}-abcde`;
const runs = { jobDeploymentStatus: 'Running', jobStatus: 'RUNNING', rayClusterName: CLUSTER };

interface State {
  job?: ObservedRayJob['status'] & object;
  /** As the API server has it by then. */
  now?: ObservedRayJob['status'] & object;
  going?: boolean;
  suspend?: boolean;
}

/** A head in one state, of a job; with the cluster as the API server has it. */
function watching(cluster: object | null, { job = runs, now = job, going = true, suspend = false }: State) {
  const asked: string[] = [];
  const get = (resource: { plural: string }, name: string) => {
    asked.push(`${resource.plural} ${name}`);
    const found = resource.plural === 'rayjobs' ? { spec: { suspend }, status: now } : cluster;
    return Promise.resolve(found as never);
  };
  const watch = createRayClusterWatch({ cluster: stubCluster({ get }), rendering });
  const head = pod(0, {
    meta: {
      ...{ name: 'head', uid: 'head' },
      labels: { 'ray.io/cluster': CLUSTER, 'ray.io/node-type': 'head' },
      ownerReferences: [
        { apiVersion: 'ray.io/v1', kind: 'RayCluster', name: CLUSTER, uid: 'ours', controller: true },
      ],
      ...(going && { deletionTimestamp: '2026-01-01T00:00:20Z' }),
    },
  });
  const observed = observing({ jobset: null, rayjob: { spec: { suspend }, status: job }, pods: [head] });
  const look = { observed, view: { told: null } } as unknown as Look;
  return { asked, look: () => watch.look(look) };
}

describe('a head that goes while its job runs', () => {
  test.each([
    ['with its cluster', null, {}],
    ['with one that is going', { metadata: { uid: 'ours', deletionTimestamp: '2026-01-01T00:00:00Z' } }, {}],
    ['with one that was made again', { metadata: { uid: 'another' } }, {}],
    ['before its job ran', null, { job: { ...runs, jobDeploymentStatus: 'Initializing', jobStatus: '' } }],
  ])('%s: told once, by its name', async (_how, cluster, state) => {
    const { look, asked } = watching(cluster, state);
    expect(await look()).toEqual({
      reason: 'RemovedOutside',
      explanation: `the RayCluster ${CLUSTER} was removed from outside while its job ran; resubmit`,
    });
    expect(await look()).toBeNull();
    expect(asked).toEqual([`rayjobs ${NAME}`, `rayclusters ${CLUSTER}`]);
  });

  test.each([
    ['from a cluster that stays', { metadata: { uid: 'ours' } }, {}],
    ['that does not go', null, { going: false }],
    ['of a job that has ended', null, { job: { ...runs, jobStatus: 'FAILED' } }],
    ['of a job that is tried again', null, { now: { ...runs, jobDeploymentStatus: 'Retrying' } }],
    ['of a job that is suspended', null, { suspend: true }],
  ])('%s: not', async (_how, cluster, state) => {
    expect(await watching(cluster, state).look()).toBeNull();
  });
});
