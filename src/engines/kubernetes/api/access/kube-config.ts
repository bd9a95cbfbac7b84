import { readFileSync } from 'node:fs';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { AichorError, systemErrorCode } from '../../../../errors.ts';
import { findContext, type ConfigFields } from '../../../../kubeconfig/kubeconfig.ts';
import { watchPlugins, type PluginPrograms } from './plugin-programs.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { proxyFor } from '../../../../base/http/proxy.ts';

type Env = Record<string, string | undefined>;

/** A context, ready to give credentials. */
export interface LoadedConfig {
  config: KubeConfig;
  /** Address of the API server, without a slash at its end. */
  server: string;
  namespace: string;
  /** Named in messages; null in a cluster. */
  user: string | null;
  /** The program that gives the credentials; null: there is none. */
  plugin: { command: string; installHint: string | null } | null;
  programs: PluginPrograms;
}

/**
 * Reads the kubeconfig, or what Kubernetes gives every pod.
 *
 * @throws AichorError `usage` for a context that is not there, `engine_unavailable` for a file that cannot be used
 */
export async function loadKubeConfig(access: ClusterAccess, env: Env): Promise<LoadedConfig> {
  // Half a megabyte, for those with a cluster only.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const config = new KubeConfig();
  if (access.kind === 'in-cluster') loadOfPod(config, env);
  else await loadOfFile(config, { ...access, env });
  const context = config.getContextObject(config.getCurrentContext());
  const cluster = config.getCurrentCluster();
  const place = access.kind === 'in-cluster' ? 'this pod' : access.file;
  if (context === null || cluster === null)
    throw new AichorError(
      'engine_unavailable',
      `context ${config.getCurrentContext()} of ${place} names no cluster`,
      {
        hint: 'correct its `cluster`, or choose another context',
      },
    );
  // The library refuses plain http unless told that nothing is to be verified: there is nothing to verify.
  const plain = cluster.server.startsWith('http:');
  const proxyUrl = cluster.proxyUrl ?? proxyFor(cluster.server, env);
  const usable = { ...cluster, ...(plain && { skipTLSVerify: true }), ...(proxyUrl && { proxyUrl }) };
  config.clusters = config.clusters.map((one) => (one.name === cluster.name ? usable : one));
  return {
    config,
    server: cluster.server.replace(/\/+$/, ''),
    namespace: access.namespace ?? context.namespace ?? 'default',
    user: access.kind === 'in-cluster' ? null : context.user,
    plugin: access.kind === 'in-cluster' ? null : preparePlugin(config),
    programs: watchPlugins(config),
  };
}

function loadOfPod(config: KubeConfig, env: Env): void {
  if (!env['KUBERNETES_SERVICE_HOST'] || !env['KUBERNETES_SERVICE_PORT'])
    throw new AichorError('engine_unavailable', 'this control plane does not run in a pod of a cluster', {
      hint: 'give the cluster with a kubeconfig',
    });
  config.loadFromCluster();
}

/** The file is read as kubectl reads it; the library takes what is in it. */
async function loadOfFile(config: KubeConfig, { file, context, env }: FromFile): Promise<void> {
  const found = await findContext({
    file,
    context: context ?? undefined,
    env,
    unusableAs: 'engine_unavailable',
  });
  const { cluster, userName, namespace } = found;
  const user = { ...found.user, ...tokenOf(found.user) };
  const named = {
    cluster: 'cluster',
    ...(userName !== null && { user: userName }),
    ...(namespace !== null && { namespace }),
  };
  const document = {
    'current-context': found.context,
    clusters: [{ name: 'cluster', cluster }],
    users: userName === null ? [] : [{ name: userName, user }],
    contexts: [{ name: found.context, context: named }],
  };
  try {
    config.loadFromString(JSON.stringify(document));
  } catch (error) {
    throw new AichorError('engine_unavailable', `${file} is no kubeconfig: ${faultOf(error)}`, {
      hint: 'kubectl config view shows what kubectl makes of it',
    });
  }
}

interface FromFile {
  file: string;
  context: string | null;
  env: Env;
}

/** The library knows no `tokenFile`; it is newer than a token beside it. */
function tokenOf({ tokenFile }: ConfigFields): { token?: string } {
  if (typeof tokenFile !== 'string' || tokenFile === '') return {};
  try {
    return { token: readFileSync(tokenFile, 'utf8').trim() };
  } catch (error) {
    throw new AichorError(
      'engine_unavailable',
      `the file of the token, ${tokenFile}, cannot be read (${systemErrorCode(error) ?? 'unknown error'})`,
      { hint: 'whoever gives the credentials writes it anew', cause: error },
    );
  }
}

/** What is wrong with the file, without a word of what stands in it: that may be a credential. */
function faultOf(error: unknown): string {
  const code = systemErrorCode(error);
  if (code !== undefined) return `a file that it names cannot be read (${code})`;
  if (!(error instanceof Error)) return 'it cannot be read';
  if (/^(?:clusters|contexts|users)\[\d+\]\.[\w.]+ is missing$/.test(error.message)) return error.message;
  return 'it has another shape';
}

/** As kubectl starts it: what it may ask is told in a variable. */
function preparePlugin(config: KubeConfig): LoadedConfig['plugin'] {
  const exec = config.getCurrentUser()?.exec;
  if (typeof exec?.command !== 'string') return null;
  const cluster = config.getCurrentCluster();
  const facts = {
    server: cluster?.server,
    'certificate-authority-data': cluster?.caData,
    'insecure-skip-tls-verify': cluster?.skipTLSVerify,
    'tls-server-name': cluster?.tlsServerName,
    'proxy-url': cluster?.proxyUrl,
  };
  const spec = { interactive: false, ...(exec.provideClusterInfo === true && { cluster: facts }) };
  const info = { kind: 'ExecCredential', apiVersion: exec.apiVersion, spec };
  exec.env = [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }];
  const installHint = typeof exec.installHint === 'string' ? exec.installHint.trim() : '';
  return { command: exec.command, installHint: installHint === '' ? null : installHint.slice(0, 500) };
}
