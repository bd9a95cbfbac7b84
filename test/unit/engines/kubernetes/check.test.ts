import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkCluster } from '../../../../src/engines/kubernetes/check/check.ts';
import { clusterCapacity } from '../../../../src/engines/kubernetes/fit/capacity.ts';
import { openConnection } from '../../../../src/engines/kubernetes/api/access/connection.ts';
import { createCluster } from '../../../../src/engines/kubernetes/api/http/http-cluster.ts';
import {
  completeSettings,
  type SettingsInput,
} from '../../../../src/render/kubernetes/settings/settings-schema.ts';
import { startFakeApi, type FakeApi } from '../../../fakes/kubernetes-api.ts';

let api: FakeApi;
beforeEach(async () => {
  api = await startFakeApi();
  healthy();
});
afterEach(() => api.close());

const JOBSET = '/apis/jobset.x-k8s.io';
const RAY = '/apis/ray.io';

/** A cluster that has everything. */
function healthy(): void {
  const group = (version: string) => ({ versions: [{ version }] });
  api.documents.set('/version', { gitVersion: 'v1.36.4' });
  api.documents.set('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    status: { userInfo: { username: 'system:serviceaccount:team:aichor' } },
  });
  api.documents.set(JOBSET, group('v1alpha2'));
  api.documents.set(RAY, group('v1'));
  api.documents.set(
    `/openapi/v3${JOBSET}/v1alpha2`,
    schema('JobSet', {
      failurePolicy: fields({ restartStrategy: {}, rules: {} }),
      ...{ coordinator: {}, ttlSecondsAfterFinished: {}, volumeClaimPolicies: {} },
    }),
  );
  api.documents.set(
    `/openapi/v3${RAY}/v1`,
    schema('RayJob', {
      backoffLimit: {},
      submitterPodTemplate: {},
      submitterConfig: {},
      activeDeadlineSeconds: {},
    }),
  );
  put('namespaces', 'lab');
  put('storageclasses', 'standard', {
    annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
  });
  put('nodes', 'node1', {}, { status: nodeStatus({ cpu: '8', memory: '32Gi' }) });
}

function fields(properties: object) {
  return { properties };
}

function schema(kind: string, spec: object) {
  const found = { 'x-kubernetes-group-version-kind': [{ kind }], ...fields({ spec: fields(spec) }) };
  return { components: { schemas: { other: {}, [kind]: found } } };
}

function nodeStatus(allocatable: object) {
  return { conditions: [{ type: 'Ready', status: 'True' }], allocatable };
}

function put(plural: string, name: string, metadata: object = {}, more: object = {}): void {
  api.store.put(plural, { metadata: { name, ...metadata }, ...more });
}

async function connect() {
  return createCluster(
    await openConnection({ kind: 'kubeconfig', file: api.kubeconfig, context: null, namespace: null }),
  );
}

const NOW = new Date('2026-05-01T12:00:00Z');

async function findings(settings: SettingsInput = { registry: 'reg.example.org' }) {
  const complete = completeSettings(settings, 'lab');
  return checkCluster(connect, { engine: 'gpu', settings: complete, now: () => NOW });
}

/** What is not as it should be. */
async function complaints(settings?: SettingsInput): Promise<string[]> {
  const found = await findings(settings);
  return found
    .filter(({ status }) => status !== 'ok')
    .map(({ status, name, message }) => `${status} ${name}: ${message}`);
}

test('a cluster that has everything is told about, and nothing is wrong', async () => {
  const found = await findings();
  expect(found.filter(({ status }) => status !== 'ok')).toEqual([]);
  expect(found[0]).toMatchObject({
    name: 'connection',
    message: `Kubernetes v1.36.4 at ${api.url} as system:serviceaccount:team:aichor`,
  });
  expect(found.map(({ name, message }) => `${name}: ${message}`)).toEqual(
    expect.arrayContaining([
      'JobSet: JobSet, by its fields 0.11 or later',
      'nodes: 1 node: 8 CPUs, 32 GB of memory, 0 GPUs',
      'storage classes: standard; shared volumes get standard',
    ]),
  );
});

describe('what cannot be reached is the only finding, with its cure', () => {
  test.each([
    [
      'a server that cuts us off',
      () => api.misbehave(() => ({ kind: 'cut', after: false })),
      /cannot be reached/,
      /VPN/,
    ],
    ['a token that is refused', () => void (api.tokens = new Set()), /refused: Unauthorized/, /log in/],
  ])('%s', async (_what, spoil, message, hint) => {
    spoil();
    const found = await findings();
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ name: 'connection', status: 'error' });
    expect(found[0]?.message).toMatch(message);
    expect(found[0]?.hint).toMatch(hint);
    expect(JSON.stringify(found)).not.toContain('secret-token');
    expect(await clusterCapacity(connect)).toMatchObject({ healthy: false, cpus: null });
  });

  test('a kubeconfig that is gone', async () => {
    const nowhere = { kind: 'kubeconfig', file: '/nowhere/config', context: null, namespace: null } as const;
    const found = await checkCluster(async () => createCluster(await openConnection(nowhere)), {
      ...{ engine: 'gpu', settings: completeSettings({}, 'lab'), now: () => NOW },
    });
    expect(found).toMatchObject([{ status: 'error', message: 'there is no kubeconfig /nowhere/config' }]);
  });
});

describe('rights', () => {
  test('that are missing name the verbs, and the commands that grant them to this account', async () => {
    for (const what of ['create jobsets', 'delete jobsets', 'get pods/log']) api.forbidden.add(what);
    const found = (await findings()).filter(({ name }) => name.startsWith('rights'));
    expect(found).toEqual([
      {
        ...{ name: 'rights: pods/log', status: 'error', message: 'not allowed in lab: get pods/log' },
        hint: 'whoever administers lab: kubectl -n lab create role aichor-pods-log --verb=get --resource=pods/log && kubectl -n lab create rolebinding aichor-pods-log --role=aichor-pods-log --serviceaccount=team:aichor',
      },
      {
        ...{ name: 'rights: jobsets.jobset.x-k8s.io', status: 'error' },
        message: 'not allowed in lab: create, delete jobsets.jobset.x-k8s.io',
        hint: 'whoever administers lab: kubectl -n lab create role aichor-jobsets --verb=create,delete --resource=jobsets.jobset.x-k8s.io && kubectl -n lab create rolebinding aichor-jobsets --role=aichor-jobsets --serviceaccount=team:aichor',
      },
    ]);
  });

  test('to Ray are for kuberay only, and nodes are worth seeing', async () => {
    api.forbidden.add('create rayjobs');
    api.forbidden.add('list nodes');
    expect(await complaints()).toEqual([
      'warning rights: rayjobs.ray.io: not allowed in lab: create rayjobs.ray.io (for the operator kuberay)',
      expect.stringContaining('warning rights: nodes: not allowed to list nodes'),
    ]);
    expect(await clusterCapacity(connect)).toMatchObject({
      ...{ healthy: true, cpus: null },
      message: 'nodes cannot be listed with these rights: what there is in all is not known',
    });
  });
});

describe('rights without which experiments run too', () => {
  test('are warnings that say what is not told, with the command that grants them', async () => {
    for (const what of ['create pods', 'list resourcequotas', 'list limitranges']) api.forbidden.add(what);
    const found = (await findings()).filter(({ name }) => name.startsWith('rights'));
    expect(found.map(({ name, status, message }) => `${status} ${name}: ${message}`)).toEqual([
      'ok rights: all 47 that are needed in lab',
      'warning rights: pods: not allowed in lab: create pods; without it pods that the pod security level of the namespace refuses are refused when they are made, not at the submission',
      'warning rights: resourcequotas: not allowed in lab: list resourcequotas; without it what a ResourceQuota can never give is not refused at the submission, and its pods wait',
      'warning rights: limitranges: not allowed in lab: list limitranges; without it what a LimitRange forbids is not refused at the submission, and its pods are never made',
    ]);
    expect(found[2]?.hint).toContain(
      'create role aichor-optional-resourcequotas --verb=list --resource=resourcequotas',
    );
  });

  test('hold up nothing where nobody is told which groups there are', async () => {
    api.forbidden.add('delete jobsets');
    api.misbehave(({ path }) =>
      path.startsWith('/apis/metrics.k8s.io') ? { kind: 'status', status: 403, reason: 'Forbidden' } : null,
    );
    const found = (await findings()).filter(({ name }) => name.startsWith('rights'));
    expect(found.map(({ name, status }) => `${status} ${name}`)).toEqual([
      'error rights: jobsets.jobset.x-k8s.io',
    ]);
  });

  test('of Kueue and the metrics API are asked for where these are, and there is a queue', async () => {
    const what = ['list workloads', 'watch workloads', 'get localqueues/pendingworkloads'];
    for (const each of what) api.forbidden.add(each);
    expect(await complaints()).toEqual([]);
    const group = { versions: [{ version: 'v1beta2' }] };
    for (const name of ['kueue.x-k8s.io', 'visibility.kueue.x-k8s.io'])
      api.documents.set(`/apis/${name}`, group);
    expect(await complaints()).toEqual([]);
    put('localqueues', 'main', {}, { spec: { clusterQueue: 'all' } });
    expect((await complaints({ queue: 'main' })).filter((text) => text.includes('rights'))).toEqual([
      'warning rights: workloads.kueue.x-k8s.io: not allowed in lab: list, watch workloads.kueue.x-k8s.io; without it an experiment that is held back in the queue does not say why',
      'warning rights: localqueues.visibility.kueue.x-k8s.io/pendingworkloads: not allowed in lab: get localqueues.visibility.kueue.x-k8s.io/pendingworkloads; without it an experiment that waits in the queue does not say at which place',
    ]);
    api.documents.set('/apis/metrics.k8s.io', { versions: [{ version: 'v1beta1' }] });
    api.forbidden.add('list pods');
    expect(await complaints()).toContainEqual(
      expect.stringContaining(
        'warning rights: pods.metrics.k8s.io: not allowed in lab: list pods.metrics.k8s.io; without it',
      ),
    );
  });
});

describe('products', () => {
  test('that are not installed', async () => {
    api.documents.delete(JOBSET);
    api.documents.delete(RAY);
    expect(await complaints()).toEqual([
      'error JobSet: JobSet is not installed',
      'warning KubeRay: KubeRay is not installed; only the operator kuberay needs it',
    ]);
  });

  test('of another version', async () => {
    api.documents.set(JOBSET, { versions: [{ version: 'v1beta1' }] });
    expect(await complaints()).toEqual([
      'error JobSet: JobSet serves jobset.x-k8s.io/v1beta1; v1alpha2 is needed',
    ]);
  });

  test('that are too old lack a field', async () => {
    api.documents.set(
      `/openapi/v3${JOBSET}/v1alpha2`,
      schema('JobSet', { failurePolicy: fields({ rules: {} }) }),
    );
    expect(await complaints()).toEqual([
      'error JobSet: JobSet is too old: it has no spec.failurePolicy.restartStrategy',
    ]);
  });

  test('whose controller may be looked at tell their version, and whether it runs', async () => {
    const deployment = (availableReplicas: number) => ({
      items: [
        {
          spec: { template: { spec: { containers: [{ image: 'registry.example.org/jobset:v0.12.0' }] } } },
          status: { availableReplicas },
        },
      ],
    });
    api.documents.set('/apis/apps/v1/deployments', deployment(1));
    expect((await findings()).find(({ name }) => name === 'JobSet')?.message).toBe('JobSet 0.12.0');
    api.documents.set('/apis/apps/v1/deployments', deployment(0));
    expect(await complaints()).toContain(
      'error JobSet: JobSet is installed, but its controller does not run',
    );
  });
});

test('secrets that the settings name must be there, with their keys', async () => {
  put('secrets', 'pull', {}, { data: {} });
  put('secrets', 'aichor-project-env', {}, { data: { A: 'eA==', B: 'eQ==' } });
  const settings = { registry: 'r', pull_secret: 'pull', build: { push_secret: 'push' } };
  expect(await complaints(settings)).toEqual([
    'error secret: pull: has no key .dockerconfigjson (pull_secret)',
    'error secret: push: is not there (build.push_secret)',
  ]);
  put('configmaps', 'company', {}, { data: { 'ca.pem': '' } });
  const build = { ca: 'company', config_map: 'toml', secrets: { netrc: 'pull/.netrc' } };
  expect(await complaints({ registry: 'r', build })).toEqual([
    'error config map: company: has no key ca.crt (build.ca)',
    'error config map: toml: is not there (build.config_map)',
    'error secret: pull: has no key .netrc (build.secrets.netrc)',
  ]);
  expect(await complaints({ registry: 'r', build: { ca: 'company/ca.pem' } })).toEqual([]);
  api.forbidden.add('get configmaps');
  expect(await complaints({ registry: 'r', build: { ca: 'company/ca.pem' } })).toEqual([
    'warning config map: company: this user may not look at it (build.ca)',
  ]);
  const project = (await findings()).find(({ name }) => name === 'secret: aichor-project-env');
  expect(project).toMatchObject({ status: 'ok', message: '2 variables of the project' });
  put('secrets', 'aichor-project-env', {}, { data: { A: 'eA==', 'my.key': 'eQ==', '1ABC': 'eQ==' } });
  expect(await complaints({ registry: 'r' })).toContain(
    'warning secret: aichor-project-env: 1ABC, my.key: no command gets them, because a shell drops what is no name of a variable',
  );
  expect(await complaints({ registry: 'r', project_secret: 'mine' })).toEqual([
    'warning secret: mine: is not there: pods get no variables of the project (project_secret)',
  ]);
});

test('without a registry nothing can be built', async () => {
  expect(await complaints({})).toEqual([
    'warning registry: none is set: images cannot be built here, unless the manifest names one',
  ]);
});

test('storage: classes and claims that the settings name', async () => {
  put('persistentvolumeclaims', 'nfs', {}, { status: { phase: 'Bound' } });
  const settings = { registry: 'r', storage_class: 'fast', claims: { data: 'nfs', more: 'gone' } };
  expect(await complaints(settings)).toEqual([
    'error storage classes: there is no fast (storage_class): standard',
    'error claim: more: there is no PersistentVolumeClaim gone in lab (claims.more)',
  ]);
  api.store.remove('storageclasses', 'standard');
  expect(await complaints()).toEqual(['warning storage classes: none is the default: there are none']);
});

describe('nodes', () => {
  test('with GPUs that nobody can ask for, and taints on all of them', async () => {
    const taints = [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }];
    put('nodes', 'node1', {}, { spec: { taints }, status: nodeStatus({ cpu: '8', 'nvidia.com/gpu': '4' }) });
    expect(await complaints()).toEqual([
      'warning GPU products: 1 node with 4 GPUs has no label nvidia.com/gpu.product: no manifest can ask for them',
      'warning taints: gpu=yes:NoSchedule (1 node); 0 nodes without',
    ]);
  });

  test('that are not there yet are no trouble where they come when they are needed', async () => {
    api.store.remove('nodes', 'node1');
    expect(await complaints()).toEqual(['warning nodes: none of 0 nodes takes pods']);
    expect(await complaints({ registry: 'r', autoscaling: true })).toEqual([]);
  });
});

describe('the namespace', () => {
  test('that is not there', async () => {
    api.store.remove('namespaces', 'lab');
    expect(await complaints()).toEqual(['error namespace: there is no namespace lab']);
  });

  test('that may not be looked at is believed in', async () => {
    api.forbidden.add('get namespaces');
    expect(await complaints()).toEqual([]);
  });

  test('that takes restricted pods only', async () => {
    put('namespaces', 'lab', { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } });
    expect(await complaints()).toEqual([
      'error namespace: lab takes pods of the security level "restricted" only',
    ]);
    expect(await complaints({ registry: 'r', pod_security: 'restricted' })).toEqual([]);
  });
});

test('the queue of the settings', async () => {
  const settings = { registry: 'r', queue: 'team' };
  expect(await complaints(settings)).toEqual(['error queue: team: Kueue is not installed']);
  api.documents.set('/apis/kueue.x-k8s.io', { versions: [{ version: 'v1beta2' }] });
  expect(await complaints(settings)).toEqual(['error queue: team: there is no LocalQueue team in lab']);
  const inactive = { type: 'Active', status: 'False', message: 'cannot reach its ClusterQueue' };
  put('localqueues', 'team', {}, { spec: { clusterQueue: 'all' }, status: { conditions: [inactive] } });
  expect(await complaints(settings)).toEqual([
    'warning queue: team: leads to all, but is not active: cannot reach its ClusterQueue',
  ]);
  expect(await complaints({ ...settings, queue_priority: 'high' })).toContain(
    'error queue_priority: high: there is no WorkloadPriorityClass of that name',
  );
});

test('what of a queue is free, and which queues there are where none is set', async () => {
  api.documents.set('/apis/kueue.x-k8s.io', { versions: [{ version: 'v1beta2' }] });
  put('localqueues', 'team', {}, { spec: { clusterQueue: 'all' }, status: { pendingWorkloads: 3 } });
  const resources = [
    { name: 'cpu', nominalQuota: '8' },
    { name: 'memory', nominalQuota: '64Gi' },
  ];
  const spec = { cohortName: 'lab', resourceGroups: [{ flavors: [{ name: 'spot', resources }] }] };
  const reserved = [
    { name: 'cpu', total: '5500m' },
    { name: 'memory', total: '16Gi' },
  ];
  put(
    'clusterqueues',
    'all',
    {},
    { spec, status: { flavorsReservation: [{ name: 'spot', resources: reserved }] } },
  );
  const said = (await findings({ registry: 'r', queue: 'team' })).map(
    ({ name, message }) => `${name}: ${message}`,
  );
  expect(said).toContain('queue: team: leads to all; 0 admitted, 3 waiting');
  expect(said).toContain(
    'flavor: spot: cpu 2.5 of 8 free, memory 48Gi of 64Gi free in all; it may borrow in the cohort lab',
  );
  const without = (await findings({ registry: 'r' })).map(({ name, message }) => `${name}: ${message}`);
  expect(without).toContain('queues: Kueue has team here; --queue uses one');
});

test('pods that a control plane has left behind', async () => {
  const held = (name: string, deletionTimestamp: string, state: object) =>
    put(
      'pods',
      name,
      { labels: { 'aichor.io/experiment-id': 'x' }, finalizers: ['aichor.io/observed'], deletionTimestamp },
      { status: { containerStatuses: [{ state }] } },
    );
  held('forgotten', '2026-05-01T11:00:00Z', { terminated: {} });
  held('running', '2026-05-01T11:00:00Z', { running: {} });
  held('recent', '2026-05-01T11:55:00Z', { terminated: {} });
  expect(await complaints()).toEqual([
    'warning leftovers: 1 pod held by a control plane that is gone: forgotten',
  ]);
});

test('a check that is refused does not keep the others from being made', async () => {
  api.misbehave(({ plural, verb }) =>
    plural === 'pods' && verb === 'list' ? { kind: 'status', status: 400 } : null,
  );
  expect(await complaints()).toEqual([expect.stringContaining('warning leftovers: could not be looked at')]);
});
