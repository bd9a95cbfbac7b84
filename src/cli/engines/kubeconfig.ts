import { readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { AichorError, isAbsent, systemErrorCode } from '../../errors.ts';
import { didYouMean } from '../../base/text/did-you-mean.ts';

/** One context of a kubeconfig, as it stands there. What is in it may be credentials: it is never printed. */
export interface KubeContext {
  /** Absolute path. */
  file: string;
  context: string;
  /** Null: the context names none. */
  namespace: string | null;
  cluster: Fields;
  user: Fields;
}

export type Fields = Record<string, unknown>;

interface Wanted {
  /** `--kubeconfig`. */
  file: string | undefined;
  /** `--context`. */
  context: string | undefined;
  env: Record<string, string | undefined>;
}

/**
 * The context that is meant: of `--kubeconfig`, else of the files in KUBECONFIG, else of `~/.kube/config`; the current
 * one unless it is named. Throws AichorError `usage`.
 */
export function findContext({ file, context, env }: Wanted): KubeContext {
  const files = file === undefined ? usualFiles(env) : [resolve(file)];
  const configs = files.flatMap((path) => readConfig(path, { required: files.length === 1 }) ?? []);
  if (configs.length === 0) throw absent(files.join(', '));
  const name = context ?? configs.map(({ current }) => current).find((current) => current !== null);
  if (name === undefined) throw noCurrent(configs);
  const holder = configs.find(({ contexts }) => contexts.has(name));
  if (holder === undefined) throw noContext(configs, name);
  return resolved(holder, name);
}

interface Config {
  file: string;
  current: string | null;
  contexts: Map<string, Fields>;
  clusters: Map<string, Fields>;
  users: Map<string, Fields>;
}

function usualFiles(env: Wanted['env']): string[] {
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  return named.length > 0
    ? named.map((path) => resolve(path))
    : [join(env['HOME'] ?? '/', '.kube', 'config')];
}

/** Null: not there, and not the only one. */
function readConfig(file: string, { required }: { required: boolean }): Config | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isAbsent(error)) {
      if (required) throw absent(file);
      return null;
    }
    throw unusable(file, `cannot be read (${systemErrorCode(error) ?? 'unknown error'})`);
  }
  return parseConfig(text, file);
}

/** Pure: the parts of a kubeconfig by their names. */
export function parseConfig(text: string, file: string): Config {
  // Messages of the parser quote the text, which holds credentials: only the line is told.
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  const [mistake] = document.errors;
  if (mistake !== undefined) {
    const line = text.slice(0, mistake.pos[0]).split('\n').length;
    throw unusable(file, `is not valid YAML at line ${line}`);
  }
  const whole: unknown = document.toJS();
  if (!isFields(whole)) throw unusable(file, 'is no kubeconfig: it has no keys');
  const current = whole['current-context'];
  return {
    file,
    current: typeof current === 'string' && current !== '' ? current : null,
    contexts: named(whole['contexts'], 'context'),
    clusters: named(whole['clusters'], 'cluster'),
    users: named(whole['users'], 'user'),
  };
}

function named(list: unknown, key: string): Map<string, Fields> {
  const entries = Array.isArray(list) ? list.filter(isFields) : [];
  return new Map(
    entries.flatMap((entry) => {
      const { name, [key]: value } = entry;
      return typeof name === 'string' && isFields(value) ? [[name, value] as const] : [];
    }),
  );
}

function resolved({ file, contexts, clusters, users }: Config, name: string): KubeContext {
  const context = contexts.get(name) ?? {};
  const { cluster: clusterName, user: userName, namespace } = context;
  const cluster = clusters.get(String(clusterName));
  if (cluster === undefined)
    throw unusable(file, `has no cluster ${JSON.stringify(clusterName)}, which its context ${name} names`);
  const user = users.get(String(userName)) ?? (userName === undefined ? {} : undefined);
  if (user === undefined)
    throw unusable(file, `has no user ${JSON.stringify(userName)}, which its context ${name} names`);
  const said = typeof namespace === 'string' && namespace !== '' ? namespace : null;
  return { file, context: name, namespace: said, cluster, user };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function absent(file: string): AichorError {
  return new AichorError('usage', `there is no kubeconfig ${file}`, {
    hint: 'name it with --kubeconfig FILE, or set KUBECONFIG; in a pod of the cluster, --in-cluster',
  });
}

function unusable(file: string, what: string): AichorError {
  return new AichorError('usage', `the kubeconfig ${file} ${what}`, {
    hint: 'kubectl config view --minify --flatten --context NAME writes one file with all of a context',
  });
}

function noCurrent(configs: readonly Config[]): AichorError {
  return new AichorError('usage', `${configs.map(({ file }) => file).join(', ')} has no current context`, {
    hint: `name one with --context: ${namesIn(configs).join(', ') || 'but there are none'}`,
  });
}

function noContext(configs: readonly Config[], name: string): AichorError {
  const names = namesIn(configs);
  const meant = didYouMean(name, names);
  const there = `the contexts there are: ${names.join(', ') || 'none'}`;
  const files = configs.map(({ file }) => file).join(', ');
  return new AichorError('usage', `${files} has no context ${JSON.stringify(name)}`, {
    hint: meant === null ? there : `did you mean ${JSON.stringify(meant)}? ${there}`,
  });
}

function namesIn(configs: readonly Config[]): string[] {
  return configs.flatMap(({ contexts }) => [...contexts.keys()]);
}
