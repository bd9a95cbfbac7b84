import { join } from 'node:path';
import { until } from './programs.js';

const ISSUER = 'kubernetes.default.svc.cluster.local';

/** With the defaults of 20 requests a second, 200 Jobs take a minute; with these, 12 s. */
const FAST = ['--kube-api-qps=500', '--kube-api-burst=1000'];

/** Plug-ins that let a test say by its namespace where the pods in it run: on a fake node, or on the real one. */
const ADMISSION = '--enable-admission-plugins=PodNodeSelector,PodTolerationRestriction';

/** etcd, API server and scheduler. */
export async function controlPlane({ cluster: { state }, programs, api, mark }) {
  const inState = (name) => join(state, name);
  const kubeconfig = `--kubeconfig=${inState('kubeconfig.inside')}`;
  programs.start('etcd', etcdArguments(inState('etcd')));
  programs.start('kube-apiserver', apiServerArguments(inState));
  await until('the API server', async () => (await api.get('/readyz')) !== null);
  mark('API server');
  programs.start('kube-scheduler', [kubeconfig, '--leader-elect=false', ...FAST]);
}

/**
 * Begins when all kinds are defined: it looks for new ones twice a minute only, and until then it removes nothing of what
 * belonged to their objects.
 */
export function startControllers({ cluster: { state }, programs }) {
  const inState = (name) => join(state, name);
  programs.start('kube-controller-manager', [
    `--kubeconfig=${inState('kubeconfig.inside')}`,
    ...['--leader-elect=false', ...FAST, '--concurrent-job-syncs=20'],
    `--cert-dir=${inState('certs')}`,
    `--service-account-private-key-file=${inState('pki/sa.key')}`,
    `--root-ca-file=${inState('pki/ca.crt')}`,
  ]);
}

function etcdArguments(data) {
  const [clients, peers] = ['http://127.0.0.1:2379', 'http://127.0.0.1:2380'];
  return [
    ...[`--data-dir=${data}`, '--unsafe-no-fsync', '--log-level=warn'],
    ...[`--listen-client-urls=${clients}`, `--advertise-client-urls=${clients}`],
    ...[`--listen-peer-urls=${peers}`, `--initial-advertise-peer-urls=${peers}`],
    `--initial-cluster=default=${peers}`,
  ];
}

function apiServerArguments(inState) {
  return [
    ...['--etcd-servers=http://127.0.0.1:2379', '--secure-port=443', '--advertise-address=10.244.0.1'],
    ...[`--tls-cert-file=${inState('pki/api.crt')}`, `--tls-private-key-file=${inState('pki/api.key')}`],
    ...[`--client-ca-file=${inState('pki/ca.crt')}`, `--token-auth-file=${inState('pki/tokens.csv')}`],
    ...['--authorization-mode=Node,RBAC', '--service-cluster-ip-range=10.96.0.0/16', '--allow-privileged=true'],
    `--service-account-issuer=https://${ISSUER}`,
    `--service-account-key-file=${inState('pki/sa.key')}`,
    `--service-account-signing-key-file=${inState('pki/sa.key')}`,
    // Nobody else serves the API, and the kubelet is reached by its address.
    ...['--endpoint-reconciler-type=none', '--kubelet-preferred-address-types=InternalIP'],
    ...[`--cert-dir=${inState('certs')}`, ADMISSION],
    ...aggregation(inState),
  ]; // prettier-ignore
}

/** For APIs that others serve (Kueue's places in queues): how it signs in there, and that it finds them without kube-proxy. */
function aggregation(inState) {
  return [
    ...[
      `--requestheader-client-ca-file=${inState('pki/ca.crt')}`,
      '--requestheader-allowed-names=kube-apiserver',
    ],
    ...['--requestheader-username-headers=X-Remote-User', '--requestheader-group-headers=X-Remote-Group'],
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    ...[
      `--proxy-client-cert-file=${inState('pki/api.crt')}`,
      `--proxy-client-key-file=${inState('pki/api.key')}`,
    ],
    '--enable-aggregator-routing=true',
  ];
}
