import { readFileSync } from 'node:fs';
import type { EngineConnection } from '../../api/engine-contract.ts';
import { AichorError, systemErrorCode } from '../../errors.ts';
import type { ConfigFields, KubeContext } from '../../kubeconfig/kubeconfig.ts';

type StoredConnection = Extract<EngineConnection, { kind: 'stored' }>;

const CLUSTER_TEXTS = ['tls-server-name', 'proxy-url'] as const;
const USER_TEXTS = ['username', 'password'] as const;

/**
 * A context with everything in it, for a control plane that keeps it: what stands in files beside the kubeconfig is read
 * now. Throws AichorError `usage` when the credentials come from a program, which would have to run there.
 */
export function flatContext({ file, context, cluster, user }: KubeContext): StoredConnection {
  refusePrograms(user, context);
  const server = cluster['server'];
  if (typeof server !== 'string') throw wrong(file, `the cluster of its context ${context} has no server`);
  return {
    kind: 'stored',
    context,
    cluster: {
      server,
      ...data(cluster, 'certificate-authority', file),
      ...(cluster['insecure-skip-tls-verify'] === true && { 'insecure-skip-tls-verify': true }),
      ...texts(cluster, CLUSTER_TEXTS),
    },
    user: {
      ...data(user, 'client-certificate', file),
      ...data(user, 'client-key', file),
      ...tokenOf(user, file),
      ...texts(user, USER_TEXTS),
    },
  };
}

function refusePrograms(user: ConfigFields, context: string): void {
  const key = ['exec', 'auth-provider', 'as'].find((each) => user[each] !== undefined);
  if (key === undefined) return;
  const why =
    key === 'as'
      ? 'acts as somebody else (impersonation)'
      : `gets its credentials from a program (${programOf(user[key])})`;
  throw new AichorError('usage', `the user of the context ${context} ${why}: it cannot be stored`, {
    hint: 'use the token of a service account, or --in-cluster where the control plane runs in the cluster',
  });
}

function programOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return 'unnamed';
  const name = 'command' in value ? value.command : 'name' in value ? value.name : null;
  return typeof name === 'string' ? name : 'unnamed';
}

/** `<key>-data`, or the file that `<key>` names, in Base64; nothing where there is neither. */
function data<K extends string>(
  fields: ConfigFields,
  key: K,
  file: string,
): Partial<Record<`${K}-data`, string>> {
  const inline = fields[`${key}-data`];
  const path = fields[key];
  const name = `${key}-data` as const;
  if (typeof inline === 'string' && inline !== '') return record(name, inline);
  if (typeof path !== 'string' || path === '') return {};
  return record(name, readBeside(path, file).toString('base64'));
}

function record<K extends string>(key: K, value: string): Partial<Record<K, string>> {
  const made: Partial<Record<K, string>> = {};
  made[key] = value;
  return made;
}

/** A file of a token is newer than the token beside it. */
function tokenOf(user: ConfigFields, file: string): { token?: string } {
  const { token, tokenFile } = user;
  if (typeof tokenFile === 'string' && tokenFile !== '')
    return { token: readBeside(tokenFile, file).toString('utf8').trim() };
  return typeof token === 'string' && token !== '' ? { token } : {};
}

function texts<K extends string>(fields: ConfigFields, keys: readonly K[]): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const key of keys) {
    const value = fields[key];
    if (typeof value === 'string' && value !== '') found[key] = value;
  }
  return found;
}

function readBeside(path: string, kubeconfig: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw wrong(
      kubeconfig,
      `${path}, which it names, cannot be read (${systemErrorCode(error) ?? 'unknown error'})`,
    );
  }
}

function wrong(file: string, what: string): AichorError {
  return new AichorError('usage', `the kubeconfig ${file}: ${what}`, {
    hint: 'kubectl config view --minify --flatten --context NAME writes one file with all of a context',
  });
}
