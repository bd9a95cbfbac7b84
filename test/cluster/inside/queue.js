import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';

const run = promisify(execFile);

const ADDRESS = 'https://127.0.0.1:9444';

/** Kinds that it keeps in one version and serves in two: it translates them itself. */
const TRANSLATED = /_(?:localqueues|clusterqueues|cohorts|workloads|multikueueclusters)\.yaml$/;

/** Of what is queued here; it can do many more kinds. */
const OURS = /-(?:kueue-x-k8s-io-v1beta\d-\w+|jobset-x-k8s-io-v1alpha2-jobset|ray-io-v1-rayjob)$/;

/** Without certificates of its own, and for our kinds of workloads alone. */
export function kueueConfiguration(state) {
  return {
    ...{ apiVersion: 'config.kueue.x-k8s.io/v1beta2', kind: 'Configuration', namespace: 'default' },
    leaderElection: { leaderElect: false },
    metrics: { bindAddress: '0' },
    health: { healthProbeBindAddress: '127.0.0.1:18083' },
    webhook: { host: '127.0.0.1', port: 9444, certDir: join(state, 'pki/webhook') },
    internalCertManagement: { enable: false },
    clientConnection: { qps: 500, burst: 500 },
    integrations: { frameworks: ['jobset.x-k8s.io/jobset', 'ray.io/rayjob'] },
  };
}

/** Where Kueue says how its queues stand, as an API of the cluster. */
const PLACES = { group: 'visibility.kueue.x-k8s.io', version: 'v1beta2', port: 8082 };
export const PLACES_PATH = `/apis/${PLACES.group}/${PLACES.version}`;
const NAME = 'kueue-visibility';

/**
 * A root folder for it alone: it looks for certificates in two places below `/` that no setting changes, and the machine's own `/` is
 * not ours to write to.
 */
export async function makeKueueRoot({ state, parts }) {
  const root = rootOf(state);
  for (const folder of ['etc/kueue/metrics/certs', 'visibility']) {
    await mkdir(join(root, folder), { recursive: true });
    for (const name of ['tls.crt', 'tls.key'])
      await copyFile(join(state, 'pki/webhook', name), join(root, folder, name));
  }
  await mkdir(join(root, 'tmp'));
  for (const folder of [join(state, 'pki'), parts.kueue]) {
    await mkdir(join(root, folder), { recursive: true });
    await run('mount', ['--bind', folder, join(root, folder)]);
  }
  for (const name of ['kueue.json', 'kubeconfig.inside'])
    await copyFile(join(state, name), join(root, state, name));
}

/** Of `chroot`. */
export function kueueArguments({ state, parts }) {
  const program = join(parts.kueue, 'bin/kueue');
  return [
    rootOf(state),
    ...[program, `--config=${join(state, 'kueue.json')}`, `--kubeconfig=${join(state, 'kubeconfig.inside')}`],
    `--visibility-server-port=${PLACES.port}`,
  ];
}

function rootOf(state) {
  return join(state, 'kueue-root');
}

/** As one list: how the API server finds it. */
export function queuePlaces() {
  const { group, version, port } = PLACES;
  const metadata = { name: NAME, namespace: 'default' };
  const items = [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { ports: [{ name: 'https', port: 443, targetPort: port }] },
    },
    {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': NAME } },
      ports: [{ name: 'https', port, protocol: 'TCP' }],
      endpoints: [{ addresses: ['10.244.0.1'], conditions: { ready: true } }],
    },
    {
      ...{
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: `${version}.${group}` },
      },
      spec: {
        ...{ group, version, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true },
        service: { name: NAME, namespace: 'default', port: 443 },
      },
    },
  ];
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

/** Its definitions; the API server asks it by address to translate. @returns their files */
export async function writeKueueDefinitions(state, parts) {
  const from = join(parts.kueue, 'crds');
  const to = join(state, 'kueue-crds');
  await mkdir(to, { recursive: true });
  const files = await readdir(from);
  await Promise.all(
    files.map(async (file) => {
      const definition = parse(await readFile(join(from, file), 'utf8'));
      if (TRANSLATED.test(file))
        definition.spec.conversion = {
          strategy: 'Webhook',
          webhook: {
            clientConfig: { url: `${ADDRESS}/convert`, caBundle: await authority(state) },
            conversionReviewVersions: ['v1'],
          },
        };
      await writeFile(join(to, file), JSON.stringify(definition));
    }),
  );
  return files.map((file) => join(to, file));
}

/** As one list. */
export async function kueueHooks({ cluster: { state, parts } }) {
  const caBundle = await authority(state);
  const text = await readFile(join(parts.kueue, 'webhooks.yaml'), 'utf8');
  const items = parseAllDocuments(text).map((document) => document.toJS());
  for (const item of items) {
    item.metadata.name = `kueue-${item.metadata.name}`;
    item.webhooks = item.webhooks.filter(({ clientConfig }) => OURS.test(clientConfig.service.path));
    for (const hook of item.webhooks)
      hook.clientConfig = { url: ADDRESS + hook.clientConfig.service.path, caBundle };
  }
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

async function authority(state) {
  return (await readFile(join(state, 'pki/ca.crt'))).toString('base64');
}
