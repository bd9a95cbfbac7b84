import type { KubernetesSettings } from '../../render/kubernetes/settings/settings.ts';
import { rememberCredentials } from '../../object-store/credentials/find.ts';
import type { Engine, EngineFinding } from '../engine.ts';
import type { ClusterAccess } from './api/access/cluster-access.ts';
import type { Cluster } from './api/cluster.ts';
import { openConnection } from './api/access/connection.ts';
import type { EngineLog } from './engine-log.ts';
import { createKubernetesEngine } from './engine.ts';
import { createCluster } from './api/http/http-cluster.ts';
import { checkCluster } from './check/check.ts';
import { loadKubeConfig } from './api/access/kube-config.ts';

/** An engine as it is configured: where the cluster is, and how it wants things. */
export interface ConfiguredCluster {
  name: string;
  access: ClusterAccess;
  settings: KubernetesSettings;
}

interface Surroundings {
  env: Record<string, string | undefined>;
  /** The control plane's. */
  dataFolder: string;
  now: () => Date;
  log: EngineLog;
}

/** An engine that connects when it is used for the first time. */
export function configuredEngine(
  { name, access, settings }: ConfiguredCluster,
  { env, ...around }: Surroundings,
): Engine {
  const credentials = rememberCredentials({ env, now: around.now, profile: settings.storage.profile });
  return createKubernetesEngine({
    ...around,
    name,
    settings,
    credentials,
    connect: () => connect(access, env),
  });
}

/** Everything that an engine needs, looked at now. Never throws. */
export async function checkConfigured(
  { name, access, settings }: ConfiguredCluster,
  { env, now }: Surroundings,
): Promise<EngineFinding[]> {
  return checkCluster(() => connect(access, env), { engine: name, settings, now });
}

/** Address of the API server. Throws AichorError when the kubeconfig cannot be used. */
export async function serverOf(access: ClusterAccess, env: Surroundings['env']): Promise<string> {
  return (await loadKubeConfig(access, env)).server;
}

/** Namespace of the pod that this program runs in. Throws AichorError when it does not run in one. */
export async function ownNamespace(env: Surroundings['env']): Promise<string> {
  return (await loadKubeConfig({ kind: 'in-cluster', namespace: null }, env)).namespace;
}

async function connect(access: ClusterAccess, env: Surroundings['env']): Promise<Cluster> {
  return createCluster(await openConnection(access, { env }));
}
