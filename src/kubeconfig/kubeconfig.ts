import { delimiter, dirname, join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { readIfThere } from '../base/io/files.ts';
import { didYouMean } from '../base/text/did-you-mean.ts';
import { AichorError, systemErrorCode } from '../errors.ts';

/** One context, with what it names, whichever files that stands in. What is in it may be credentials: it is never printed. */
export interface KubeContext {
  /**
   * Absolute path of the file that it stands in; of several, in the form of KUBECONFIG, when its cluster or its user
   * stands in another one.
   */
  file: string;
  context: string;
  /** Null: the context names none. */
  namespace: string | null;
  /** As it stands there; paths are absolute. */
  cluster: ConfigFields;
  user: ConfigFields;
  /** Null: the context names none. */
  userName: string | null;
}

export type ConfigFields = Record<string, unknown>;

interface Wanted {
  /** One file, or several in the form of KUBECONFIG; undefined: those in KUBECONFIG, else `~/.kube/config`. */
  file: string | undefined;
  /** Undefined: the current one. */
  context: string | undefined;
  env: Record<string, string | undefined>;
  /** What it is when a file cannot be used: a mistake of whoever asks, or (default) the same. */
  unusableAs?: 'usage' | 'engine_unavailable';
}

/**
 * The context that is meant. Several files are merged as kubectl does it: of two entries of one name the first counts,
 * and so does the first current context; files that are not there do not count (unless it is the only one).
 *
 * @throws AichorError `usage` for a context that is not there, `unusableAs` for files
 */
export async function findContext(wanted: Wanted): Promise<KubeContext> {
  const { file, context, env, unusableAs = 'usage' } = wanted;
  const paths = file === undefined ? usualFiles(env) : split(file);
  try {
    const read = await Promise.all(paths.map(readConfig));
    const configs = read.filter((config) => config !== null);
    if (configs.length === 0) throw absent(paths.join(', '));
    return resolved(mergeConfigs(configs), context ?? null);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    throw new AichorError(unusableAs, error.message, { hint: error.hint, cause: error.cause });
  }
}

/** A file cannot be used. */
class Unusable extends Error {
  readonly hint: string;

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.hint = hint;
  }
}

/** An entry of one of the lists, and the file that it stands in. */
interface Entry {
  file: string;
  fields: ConfigFields;
}

interface Config {
  files: readonly string[];
  current: string | null;
  contexts: ReadonlyMap<string, Entry>;
  clusters: ReadonlyMap<string, Entry>;
  users: ReadonlyMap<string, Entry>;
}

function usualFiles(env: Wanted['env']): string[] {
  const named = split(env['KUBECONFIG'] ?? '');
  return named.length > 0 ? named : [join(env['HOME'] ?? '/', '.kube', 'config')];
}

function split(files: string): string[] {
  return files
    .split(delimiter)
    .filter((path) => path !== '')
    .map((path) => resolve(path));
}

/** Null: it is not there. */
async function readConfig(file: string): Promise<Config | null> {
  try {
    const text = await readIfThere(file);
    return text === null ? null : parseConfig(text, file);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    throw unusable(file, `cannot be read (${code})`, error);
  }
}

function parseConfig(text: string, file: string): Config {
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
    files: [file],
    current: typeof current === 'string' && current !== '' ? current : null,
    contexts: named(whole['contexts'], 'context', file),
    clusters: named(whole['clusters'], 'cluster', file),
    users: named(whole['users'], 'user', file),
  };
}

function named(list: unknown, key: string, file: string): Map<string, Entry> {
  const entries = Array.isArray(list) ? list.filter(isFields) : [];
  const found = new Map<string, Entry>();
  for (const { name, [key]: fields } of entries)
    if (typeof name === 'string' && isFields(fields) && !found.has(name))
      found.set(name, { file, fields: withAbsolutePaths(fields, dirname(file)) });
  return found;
}

/** What names files, in clusters and users. */
const PATHS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

/** Relative paths are from the file that they stand in; so is a program with a slash in its name. */
function withAbsolutePaths(fields: ConfigFields, folder: string): ConfigFields {
  const made = { ...fields };
  for (const key of PATHS) {
    const path = made[key];
    if (typeof path === 'string' && path !== '') made[key] = resolve(folder, path);
  }
  const { exec } = made;
  if (isFields(exec) && typeof exec['command'] === 'string' && exec['command'].includes('/'))
    made['exec'] = { ...exec, command: resolve(folder, exec['command']) };
  return made;
}

/** Pure: the first of two entries of one name counts. */
function mergeConfigs(configs: readonly Config[]): Config {
  const merged = (list: 'contexts' | 'clusters' | 'users') =>
    new Map(configs.toReversed().flatMap((config) => [...config[list]]));
  return {
    files: configs.flatMap(({ files }) => files),
    current: configs.map(({ current }) => current).find((current) => current !== null) ?? null,
    contexts: merged('contexts'),
    clusters: merged('clusters'),
    users: merged('users'),
  };
}

function resolved(config: Config, wanted: string | null): KubeContext {
  const name = wanted ?? config.current;
  if (name === null) throw noCurrent(config);
  const holder = config.contexts.get(name);
  if (holder === undefined) throw noContext(config, name);
  const { cluster: clusterName, user: userName, namespace } = holder.fields;
  const cluster = config.clusters.get(String(clusterName));
  if (cluster === undefined) throw missing('cluster', clusterName);
  const user = userName === undefined ? null : config.users.get(String(userName));
  if (user === undefined) throw missing('user', userName);
  const files = new Set([holder, cluster, ...(user === null ? [] : [user])].map(({ file }) => file));
  return {
    file: config.files.filter((file) => files.has(file)).join(delimiter),
    context: name,
    namespace: typeof namespace === 'string' && namespace !== '' ? namespace : null,
    cluster: cluster.fields,
    user: user?.fields ?? {},
    userName: user === null ? null : String(userName),
  };

  function missing(kind: string, which: unknown): Unusable {
    const said = `has no ${kind} ${JSON.stringify(which)}, which its context ${name} names`;
    return unusable(config.files.join(', '), said);
  }
}

function isFields(value: unknown): value is ConfigFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function absent(file: string): Unusable {
  const hint =
    'name the file that kubectl uses, most often ~/.kube/config, with --kubeconfig FILE or KUBECONFIG; in a pod of the cluster, --in-cluster';
  return new Unusable(`there is no kubeconfig ${file}`, hint);
}

function unusable(file: string, what: string, cause?: unknown): Unusable {
  const hint = 'kubectl config view --minify --flatten --context NAME writes one file with all of a context';
  return new Unusable(`the kubeconfig ${file} ${what}`, hint, cause);
}

function noCurrent({ files, contexts }: Config): AichorError {
  return new AichorError('usage', `${files.join(', ')} has no current context`, {
    hint: `name one with --context: ${[...contexts.keys()].join(', ') || 'but there are none'}`,
  });
}

function noContext({ files, contexts }: Config, name: string): AichorError {
  const names = [...contexts.keys()];
  const meant = didYouMean(name, names);
  const there = `the contexts there are: ${names.join(', ') || 'none'}`;
  return new AichorError('usage', `${files.join(', ')} has no context ${JSON.stringify(name)}`, {
    hint: meant === null ? there : `did you mean ${JSON.stringify(meant)}? ${there}`,
  });
}
