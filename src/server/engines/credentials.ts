import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { place } from '../../base/io/place.ts';
import type { EngineConnection } from '../../api/engine-contract.ts';
import { kubeconfigFolder } from './engines-file.ts';
import type { ClusterConnection } from './cluster.ts';

type StoredConnection = Extract<EngineConnection, { kind: 'stored' }>;

/** Writes a kubeconfig of one context, 0600, under a name that none had before: an earlier one stays as it is. */
export async function storeCredentials(
  configFolder: string,
  name: string,
  { context, cluster, user }: StoredConnection,
): Promise<ClusterConnection & { kind: 'stored' }> {
  const folder = kubeconfigFolder(configFolder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${name}-${randomUUID().slice(0, 8)}`);
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: context, cluster }],
    users: [{ name: context, user }],
    contexts: [{ name: context, context: { cluster: context, user: context } }],
    'current-context': context,
  };
  await place(file, `${JSON.stringify(kubeconfig, null, 2)}\n`, { durable: true });
  return { kind: 'stored', file, context };
}
