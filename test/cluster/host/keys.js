import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DAYS = '30';
const NODE_ADDRESS = '10.244.0.1';
const NAMES = [
  ...[
    'localhost',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ].map((name) => `DNS:${name}`),
  ...['127.0.0.1', '10.244.0.1', '10.96.0.1'].map((address) => `IP:${address}`),
];

/** Address of the API server inside. */
export const API_INSIDE = `https://${NODE_ADDRESS}:443`;

/**
 * One authority, one certificate for whatever serves, a key for service accounts, and two tokens.
 *
 * @param {string} folder is created
 */
export async function makeKeys(folder) {
  await mkdir(join(folder, 'webhook'), { recursive: true });
  const openssl = (...args) => run('openssl', args, { cwd: folder });
  const key = (name) => openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', name);
  await Promise.all([key('ca.key'), key('api.key'), openssl('genrsa', '-out', 'sa.key', '2048')]);
  await openssl('req', '-x509', '-new', '-key', 'ca.key', '-subj', '/CN=test-cluster', '-days', DAYS, '-out', 'ca.crt'); // prettier-ignore
  await openssl('req', '-new', '-key', 'api.key', '-subj', '/CN=kube-apiserver', '-out', 'api.csr');
  await writeFile(join(folder, 'names'), `subjectAltName=${NAMES.join(',')}\n`);
  const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
  await openssl('x509', '-req', '-in', 'api.csr', ...signer, '-days', DAYS, '-out', 'api.crt');
  await writeFile(join(folder, 'webhook/tls.crt'), await readFile(join(folder, 'api.crt')));
  await writeFile(join(folder, 'webhook/tls.key'), await readFile(join(folder, 'api.key')));
  const tokens = { admin: token(), node: token() };
  await writeFile(
    join(folder, 'tokens.csv'),
    `${tokens.admin},admin,admin,system:masters\n${tokens.node},system:node:node1,node1,system:nodes\n`,
  );
  return tokens;
}

/** A kubeconfig's text; JSON is YAML. */
export function kubeconfig({ server, authority, token }) {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      { name: 'test', cluster: { server, 'certificate-authority-data': authority.toString('base64') } },
    ],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'default' } }],
  });
}

function token() {
  return randomBytes(16).toString('hex');
}
