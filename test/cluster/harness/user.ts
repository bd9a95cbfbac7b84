import type { ServiceAccount } from 'kubernetes-types/core/v1.js';
import type { PolicyRule, Role, RoleBinding } from 'kubernetes-types/rbac/v1.js';
import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import type { Resource } from '../../../src/engines/kubernetes/api/objects.ts';
import { cluster } from './found.ts';
import { at } from './kubernetes.ts';

const NAME = 'restricted';
const inNamespace = (plural: string, kind: string, group = ''): Resource => ({
  ...{ group, version: 'v1', plural, kind, namespaced: true },
});
const RBAC = 'rbac.authorization.k8s.io';

/** A kubeconfig of a service account of the namespace that may do what the rules say, and nothing else. */
export async function restrictedUser(namespace: string, rules: PolicyRule[]): Promise<object> {
  const accounts = at(inNamespace('serviceaccounts', 'ServiceAccount'), namespace);
  await accounts.create<ServiceAccount>({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME } }); // prettier-ignore
  await at(inNamespace('roles', 'Role', RBAC), namespace).create<Role>({
    ...{ apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name: NAME }, rules },
  });
  await grant(namespace);
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const { status } = await accounts.post<{ status: { token: string } }>(NAME, 'token', request);
  return kubeconfigOf({ ...(await presentCluster()), token: status.token });
}

const bindings = (namespace: string) => at(inNamespace('rolebindings', 'RoleBinding', RBAC), namespace);

async function grant(namespace: string): Promise<void> {
  await bindings(namespace).create<RoleBinding>({
    ...{ apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name: NAME } },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: NAME },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace }],
  });
}

/** Takes all rights from the service account. @returns gives them back */
export async function revoke(namespace: string): Promise<() => Promise<void>> {
  await bindings(namespace).remove(NAME);
  return () => grant(namespace);
}

const REFUSED = 401;

/** Until the API server itself takes a token no longer: it holds one that it has seen for good for some seconds more. */
export async function untilRefused(config: object): Promise<void> {
  const { clusters, users } = config as ReturnType<typeof kubeconfigOf>;
  const [{ cluster: reached }] = clusters;
  const headers = { authorization: `Bearer ${users[0].user.token}` };
  const authority = reached['certificate-authority-data'];
  const ca = authority === undefined ? undefined : Buffer.from(authority, 'base64');
  const status = () =>
    new Promise<number>((resolve, reject) => {
      const asked = get(new URL('/api/v1/pods?limit=1', reached.server), { headers, ca }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asked.on('error', reject);
    });
  while ((await status()) !== REFUSED) await delay(50);
}

interface Reached {
  server: string;
  authority?: string;
  token?: string;
}

/** For an API server by another way: `server` without credentials, or with a token. */
export function kubeconfigOf({ server, authority, token }: Reached) {
  const clusters: [{ name: string; cluster: { server: string; 'certificate-authority-data'?: string } }] = [
    { name: 'test', cluster: { server, ...(authority !== undefined && { 'certificate-authority-data': authority }) } },
  ];
  const users: [{ name: string; user: { token?: string } }] = [{ name: 'test', user: token === undefined ? {} : { token } }];
  return {
    clusters,
    users,
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  };
} // prettier-ignore

async function presentCluster(): Promise<Reached> {
  const {
    clusters: [first],
  } = parse(await readFile(cluster.kubeconfig, 'utf8'));
  return { server: first.cluster.server, authority: first.cluster['certificate-authority-data'] };
}
