import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startControllers } from './control-plane.js';
import { until } from './programs.js';
import {
  kueueArguments,
  kueueConfiguration,
  kueueHooks,
  makeKueueRoot,
  PLACES_PATH,
  queuePlaces,
  writeKueueDefinitions,
} from './queue.js';

const OBJECTS = join(import.meta.dirname, '../objects');

/** Definitions, then the controllers of JobSet and KubeRay, and KWOK with its nodes. */
export async function operators(house) {
  const { cluster, programs, api, mark } = house;
  const { state, parts } = cluster;
  await createDefinitions({ state, parts, programs, api });
  mark('definitions');
  startControllers(house);
  await writeFile(join(state, 'jobset.json'), JSON.stringify(jobsetConfiguration(state)));
  programs.start('jobset', [`--config=${join(state, 'jobset.json')}`]);
  programs.start('ray-operator', ['--enable-leader-election=false', '--metrics-addr=127.0.0.1:18080', '--health-probe-bind-address=127.0.0.1:18082']); // prettier-ignore
  await writeFile(join(state, 'kueue.json'), JSON.stringify(kueueConfiguration(state)));
  await makeKueueRoot({ state, parts });
  programs.start('chroot', kueueArguments({ state, parts }), { name: 'kueue' });
  await startKwok({ state, parts, programs });
  // What they say of themselves at /readyz comes before their controllers run.
  await until('JobSet', () => programs.hasPrinted('jobset', /Starting workers.*"JobSet"/));
  await until('KubeRay', () => programs.hasPrinted('ray-operator', /controllers\.RayJob.*Starting workers/));
  await until('Kueue', () =>
    programs.hasPrinted('kueue', /"logger":"workload-reconciler[^\n]*Starting workers/),
  );
  await writeFile(join(state, 'kueue-webhooks.json'), await kueueHooks(house));
  await writeFile(join(state, 'kueue-places.json'), queuePlaces());
  await writeWebhooks(state, parts);
  for (const file of ['jobset-webhooks.yaml', 'kueue-webhooks.json', 'kueue-places.json'])
    await create(programs, join(state, file));
  await until('the places in queues', () => api.get(PLACES_PATH));
  mark('operators');
}

/** A controller that starts before discovery knows its kind sleeps for ten seconds, so this waits for discovery. */
async function createDefinitions({ state, parts, programs, api }) {
  const files = (await Promise.all(['jobset', 'kuberay', 'kwok'].map((part) => listed(join(parts[part], 'crds'))))).flat(); // prettier-ignore
  files.push(...(await writeKueueDefinitions(state, parts)));
  await Promise.all(files.map((file) => create(programs, file)));
  const definitions = await api.get('/apis/apiextensions.k8s.io/v1/customresourcedefinitions');
  await until('discovery', async () => {
    const served = await Promise.all(
      definitions.items.map(async ({ spec }) => {
        const version = spec.versions.find((each) => each.storage).name;
        const kinds = await api.get(`/apis/${spec.group}/${version}`);
        return kinds?.resources.some(({ name }) => name === spec.names.plural);
      }),
    );
    return served.every(Boolean);
  });
}

async function startKwok({ state, parts, programs }) {
  await writeFile(join(state, 'fake.log'), '2020-01-01T00:00:00.000000000Z stdout F from a fake node\n');
  const logs = { path: join(state, 'fake.log'), log: { logs: [{ logsFile: join(state, 'fake.log') }] } };
  await writeFile(join(state, 'fake-logs.json'), JSON.stringify(clusterLogs(logs.path)));
  const files = [...(await listed(join(parts.kwok, 'stages'))), ...(await listed(OBJECTS)), join(state, 'fake-logs.json')]; // prettier-ignore
  await Promise.all(files.map((file) => create(programs, file)));
  await writeFile(join(state, 'kwok.json'), JSON.stringify(kwokConfiguration()));
  programs.start('kwok', [
    `--kubeconfig=${join(state, 'kubeconfig.inside')}`,
    `--config=${join(state, 'kwok.json')}`,
    `--tls-cert-file=${join(state, 'pki/api.crt')}`,
    `--tls-private-key-file=${join(state, 'pki/api.key')}`,
    '--server-address=0.0.0.0:10247',
  ]);
}

function create(programs, file) {
  return programs.run('kubectl', 'create', '--validate=false', '-f', file);
}

async function listed(folder) {
  return (await readdir(folder)).map((name) => join(folder, name));
}

function clusterLogs(logsFile) {
  return {
    ...{ apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'ClusterLogs', metadata: { name: 'every-pod' } },
    spec: { logs: [{ logsFile }] },
  };
}

function jobsetConfiguration(state) {
  return {
    ...{ apiVersion: 'config.jobset.x-k8s.io/v1alpha1', kind: 'Configuration' },
    leaderElection: { leaderElect: false },
    metrics: { bindAddress: '0' },
    health: { healthProbeBindAddress: '127.0.0.1:8081' },
    webhook: { host: '127.0.0.1', port: 9443, certDir: join(state, 'pki/webhook') },
    internalCertManagement: { enable: false },
    clientConnection: { qps: 500, burst: 500 },
  };
}

/** The API server is not in the pods' network, so it reaches them by address. */
async function writeWebhooks(state, parts) {
  const authority = (await readFile(join(state, 'pki/ca.crt'))).toString('base64');
  const text = await readFile(join(parts.jobset, 'webhooks.yaml'), 'utf8');
  const byAddress = text
    .replace(/^ +(?:service:|name: webhook-service|namespace: system)\n/gm, '')
    .replace(/^ +path: (.*)$/gm, `    url: https://127.0.0.1:9443$1\n    caBundle: ${authority}`);
  await writeFile(join(state, 'jobset-webhooks.yaml'), byAddress);
}

/** The three numbers of parallel work have no default where there is a configuration. */
function kwokConfiguration() {
  return {
    ...{ apiVersion: 'config.kwok.x-k8s.io/v1alpha1', kind: 'KwokConfiguration' },
    options: {
      ...{ manageAllNodes: false, manageNodesWithAnnotationSelector: 'kwok.x-k8s.io/node=fake' },
      ...{ cidr: '10.245.0.0/16', nodeIP: '10.244.0.1', nodePort: 10247 },
      ...{ nodeLeaseDurationSeconds: 40, nodeLeaseParallelism: 4 },
      ...{ podPlayStageParallelism: 16, nodePlayStageParallelism: 4 },
      ...{ enablePodsOnNodeSyncStreamWatch: true, enableDebuggingHandlers: true },
      enableCRDs: ['Stage', 'Logs', 'ClusterLogs'],
    },
  };
}
