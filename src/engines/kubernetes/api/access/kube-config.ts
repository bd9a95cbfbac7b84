import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { AichorError, isAbsent, systemErrorCode } from '../../../../errors.ts';
import { didYouMean } from '../../../../base/text/did-you-mean.ts';
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
  else loadOfFile(config, access);
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
    plugin: access.kind === 'in-cluster' ? null : preparePlugin(config, dirname(access.file)),
  };
}

function loadOfPod(config: KubeConfig, env: Env): void {
  if (!env['KUBERNETES_SERVICE_HOST'] || !env['KUBERNETES_SERVICE_PORT'])
    throw new AichorError('engine_unavailable', 'this control plane does not run in a pod of a cluster', {
      hint: 'give the cluster with a kubeconfig',
    });
  config.loadFromCluster();
}

function loadOfFile(config: KubeConfig, { file, context }: ClusterAccess & { kind: 'kubeconfig' }): void {
  const text = readKubeConfig(file);
  try {
    config.loadFromString(text);
    config.makePathsAbsolute(dirname(file));
  } catch (error) {
    throw new AichorError('engine_unavailable', `${file} is no kubeconfig: ${faultOf(error)}`, {
      hint: 'kubectl config view shows what kubectl makes of it',
    });
  }
  const names = config.getContexts().map(({ name }) => name);
  const wanted = context ?? config.getCurrentContext();
  if (!wanted)
    throw new AichorError('usage', `${file} has no current context`, {
      hint: names.length === 0 ? 'it has no context at all' : `name one of its contexts: ${names.join(', ')}`,
    });
  if (!names.includes(wanted)) throw noSuchContext(file, wanted, names);
  config.setCurrentContext(wanted);
}

function noSuchContext(file: string, wanted: string, names: readonly string[]): AichorError {
  const meant = didYouMean(wanted, names);
  const known = names.length === 0 ? 'it has none' : `its contexts are ${names.join(', ')}`;
  return new AichorError('usage', `${file} has no context ${JSON.stringify(wanted)}`, {
    hint: meant === null ? known : `did you mean ${meant}? ${known}`,
  });
}

function readKubeConfig(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = isAbsent(error) ? 'is not there' : `cannot be read (${systemErrorCode(error)})`;
    throw new AichorError('engine_unavailable', `the kubeconfig ${file} ${why}`, {
      hint: 'name the file that kubectl uses, most often ~/.kube/config',
      cause: error,
    });
  }
}

/** What is wrong with the file, without a word of what stands in it: that may be a credential. */
function faultOf(error: unknown): string {
  const code = systemErrorCode(error);
  if (code !== undefined) return `a file that it names cannot be read (${code})`;
  if (!(error instanceof Error)) return 'it cannot be read';
  if (/^(?:clusters|contexts|users)\[\d+\]\.[\w.]+ is missing$/.test(error.message)) return error.message;
  const line = /\((\d+):\d+\)/.exec(error.message)?.[1];
  return line === undefined ? 'it has another shape' : `line ${line} is not YAML`;
}

/** As kubectl starts it: a relative path is one from the file, and what it may ask is told in a variable. */
function preparePlugin(config: KubeConfig, folder: string): LoadedConfig['plugin'] {
  const exec = config.getCurrentUser()?.exec;
  if (typeof exec?.command !== 'string') return null;
  if (exec.command.includes('/') && !isAbsolute(exec.command)) exec.command = join(folder, exec.command);
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
