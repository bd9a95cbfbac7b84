import { createAsker, type Asker, type Patience } from './ask.ts';
import type {
  AccessAttributes,
  Cluster,
  ListOptions,
  LogOptions,
  RawRequest,
  RemoveOptions,
} from '../cluster.ts';
import { ClusterError, isClusterError } from '../cluster-error.ts';
import type { Connection } from '../access/connection.ts';
import type { EngineLog } from '../../engine-log.ts';
import { attachProgram } from './attach.ts';
import { runProgram } from './exec.ts';
import { openForward } from './forward.ts';
import { listAll } from './list.ts';
import type { KubeObject, Resource } from '../objects.ts';
import { pathOf } from '../paths.ts';
import { searchOf } from '../../../../base/http/query.ts';
import { send } from './send.ts';
import { watchPath } from './watch-stream.ts';

/** Who we are to the API server's bookkeeping of fields. */
const MANAGER = 'aichor';
/** Until a program's answer, and no longer: what is asked by hand is not repeated. */
const RAW_MS = 10_000;

export interface ClusterOptions {
  log?: Pick<EngineLog, 'info'>;
  /** From 0 up to 1: spreads what is repeated. */
  chance?: () => number;
  patience?: Patience;
}

/** The port over HTTP. */
export function createCluster(
  connection: Connection,
  { log = SILENT, ...options }: ClusterOptions = {},
): Cluster {
  const asker = createAsker({ connection, log, ...options });
  const { server, namespace } = connection;
  const at = (resource: Resource, ...rest: readonly string[]) => pathOf(resource, namespace, ...rest);
  const pod = (name: string, part: string) =>
    `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(name)}/${part}`;
  return {
    server,
    namespace,
    get: (resource, name) => orNull(asker.json({ method: 'GET', path: at(resource, name) })),
    list: <T extends KubeObject>(resource: Resource, options: ListOptions = {}) =>
      listAll(asker, { path: at(resource), keep: (object: T) => object }, options),
    listAs: (resource, keep, options = {}) => listAll(asker, { path: at(resource), keep }, options),
    apply: (resource, object, { dryRun = false } = {}) =>
      withoutValues(
        resource,
        object,
        applied(asker, { resource, object, dryRun, path: at(resource, nameOf(object)) }),
      ),
    create: (resource, object) =>
      withoutValues(
        resource,
        object,
        asker.json({
          method: 'POST',
          path: at(resource) + searchOf({ fieldManager: MANAGER }),
          body: typed(resource, object),
        }),
      ),
    patch: (resource, name, change) =>
      orNull(
        asker.json({
          method: 'PATCH',
          path: at(resource, name) + searchOf({ fieldManager: MANAGER }),
          body: change,
          contentType: 'application/merge-patch+json',
        }),
      ),
    remove: (resource, name, options = {}) => removed(asker, at(resource, name), options),
    watch: (resource, options) => watchPath({ asker, server }, at(resource), options),
    log: (name, options) =>
      asker.stream({ method: 'GET', path: pod(name, 'log') + logQuery(options), signal: options.signal }),
    exec: (name, options) => runProgram(connection, pod(name, 'exec'), options),
    attach: (name, options) => attachProgram(connection, pod(name, 'exec'), options),
    forward: (name, port) => openForward(connection, pod(name, 'portforward') + searchOf({ ports: port })),
    may: (attributes) => allowed(asker, namespace, attributes),
    request: (path, options = {}) => raw(connection, path, options),
    close: () => connection.close(),
  };
}

const SILENT: Pick<EngineLog, 'info'> = { info: () => undefined };

interface Application<T> {
  resource: Resource;
  object: T;
  dryRun: boolean;
  path: string;
}

/** Fields that the API server does not know are refused: dropping them in silence would run something else. */
function applied<T extends KubeObject>(
  asker: Asker,
  { resource, object, dryRun, path }: Application<T>,
): Promise<T> {
  const asked = { fieldManager: MANAGER, fieldValidation: 'Strict', dryRun: dryRun ? 'All' : undefined };
  return asker.json({
    method: 'PATCH',
    path: path + searchOf(asked),
    body: typed(resource, object),
    // JSON is YAML.
    contentType: 'application/apply-patch+yaml',
  });
}

async function removed(asker: Asker, path: string, options: RemoveOptions): Promise<boolean> {
  const { propagation = 'Background', uid, graceSeconds } = options;
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: propagation,
    ...(uid !== undefined && { preconditions: { uid } }),
    ...(graceSeconds !== undefined && { gracePeriodSeconds: graceSeconds }),
  };
  try {
    // With a uid a conflict says that it is another object.
    const answer = uid === undefined ? undefined : 409;
    return (await orNull(asker.json({ method: 'DELETE', path, body, answer }))) !== null;
  } catch (error) {
    if (uid !== undefined && isClusterError(error, 409)) return false;
    throw error;
  }
}

function logQuery({ container, follow, timestamps, sinceTime }: LogOptions): string {
  return searchOf({ container, follow, timestamps, sinceTime });
}

interface AccessReview extends KubeObject {
  spec: object;
  status?: { allowed?: boolean };
}

async function allowed(asker: Asker, own: string, attributes: AccessAttributes): Promise<boolean> {
  const { verb, resource, subresource, namespace = own } = attributes;
  const where = resource.namespaced && namespace !== null ? { namespace } : {};
  const asked = {
    verb,
    group: resource.group,
    resource: resource.plural,
    ...(subresource && { subresource }),
    ...where,
  };
  const review = await asker.json<AccessReview>({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: asked },
    },
  });
  return review.status?.allowed === true;
}

function raw(connection: Connection, path: string, { patient = false, ...options }: RawRequest) {
  return send(connection, { method: 'GET', path, answerMs: patient ? null : RAW_MS, ...options });
}

/** Null for an object that is not there; a kind that is not installed is no such answer. */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (isClusterError(error, 404) && error.reason === 'NotFound') return null;
    throw error;
  }
}

/** A complaint about a Secret's contents may quote them. */
async function withoutValues<T>(resource: Resource, object: KubeObject, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    const quotes = isClusterError(error) && [400, 422, 500].includes(error.status);
    if (!quotes || resource.kind !== 'Secret') throw error;
    const { status, reason } = error;
    throw new ClusterError(status, reason, `the API server refuses Secret ${nameOf(object)}: ${reason}`);
  }
}

function nameOf({ metadata }: KubeObject): string {
  if (metadata?.name === undefined) throw new TypeError('an object without a name cannot be applied');
  return metadata.name;
}

function typed(resource: Resource, object: KubeObject): KubeObject {
  const { group, version, kind } = resource;
  return { ...object, apiVersion: group === '' ? version : `${group}/${version}`, kind };
}
