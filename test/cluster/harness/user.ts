import type { ServiceAccount } from 'kubernetes-types/core/v1.js';
import type { PolicyRule, Role, RoleBinding } from 'kubernetes-types/rbac/v1.js';
import { readFile } from 'node:fs/promises';
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
  await at(inNamespace('rolebindings', 'RoleBinding', RBAC), namespace).create<RoleBinding>({
    ...{ apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name: NAME } },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: NAME },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace }],
  });
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const { status } = await accounts.post<{ status: { token: string } }>(NAME, 'token', request);
  return kubeconfigOf({ ...(await presentCluster()), token: status.token });
}

interface Reached {
  server: string;
  authority?: string;
  token?: string;
}

/** For an API server by another way: `server` without credentials, or with a token. */
export function kubeconfigOf({ server, authority, token }: Reached): object {
  return {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
    clusters: [{ name: 'test', cluster: { server, ...(authority !== undefined && { 'certificate-authority-data': authority }) } }],
    users: [{ name: 'test', user: token === undefined ? {} : { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  };
} // prettier-ignore

async function presentCluster(): Promise<Reached> {
  const {
    clusters: [first],
  } = parse(await readFile(cluster.kubeconfig, 'utf8'));
  return { server: first.cluster.server, authority: first.cluster['certificate-authority-data'] };
}
