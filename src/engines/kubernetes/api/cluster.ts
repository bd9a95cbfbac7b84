import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { ExecRequest, ExecSession } from '../../engine.ts';
import type { KubeObject, Resource } from './objects.ts';

/**
 * The narrow port to one namespace of one Kubernetes API server: what the engine does there, and nothing else. The
 * adapter behind it retries what can be repeated (429 with Retry-After, 5xx, lost connections), within bounds.
 * Methods throw `ClusterError` for what the API server refused and for what could not be reached.
 */
export interface Cluster {
  /** Address of the API server, for messages. */
  readonly server: string;
  readonly namespace: string;
  /** Null: not there. Throws 404 `NoSuchKind` where the kind itself is not installed, as all of these do. */
  get<T extends KubeObject>(resource: Resource, name: string): Promise<T | null>;
  list<T extends KubeObject>(resource: Resource, options?: ListOptions): Promise<Listed<T>>;
  /** What `keep` makes of each object, page by page: of thousands of objects no more than a page is ever here. */
  listAs<T extends KubeObject, K>(
    resource: Resource,
    keep: (object: T) => K,
    options?: ListOptions,
  ): Promise<Listed<K>>;
  /**
   * Server-side apply with our own field manager, without force. With `dryRun` nothing is stored. An object that is
   * being applied again unchanged stays as it is.
   */
  apply<T extends KubeObject>(resource: Resource, object: T, options?: { dryRun?: boolean }): Promise<T>;
  /** Throws 409 when there is one; after an answer that was lost that may be the one we made. */
  create<T extends KubeObject>(resource: Resource, object: T): Promise<T>;
  /** JSON merge patch; null: not there. */
  patch<T extends KubeObject>(resource: Resource, name: string, change: object): Promise<T | null>;
  /** False: it was not there. With `uid` only that very object: another one of its name stays. */
  remove(resource: Resource, name: string, options?: RemoveOptions): Promise<boolean>;
  /**
   * Changes since a resource version, as they come, until the server ends the stream (returns), the signal is
   * aborted (returns), or it breaks (throws; status 410: the version is too old, list again). One connection, which
   * is never repeated here: whoever watches knows from where to go on.
   */
  watch<T extends KubeObject>(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** The bytes of a container's log, as the API server sends them. Throws ClusterError 400 or 404 when there is none (yet). */
  log(pod: string, options: LogOptions): Promise<Readable>;
  /**
   * Runs a program in a container, feeding it from `stdin` to its end. `output` is the last of what it printed to
   * either stream. Asked for once: a program is not run twice. Throws ClusterError when it could not be started, or
   * the connection broke before it ended; the reason of `signal`; what `stdin` failed with.
   */
  exec(pod: string, options: ExecOptions): Promise<{ code: number; output: string }>;
  /**
   * The same for somebody who feeds it and reads what it prints while it runs. Ending the session ends the connection; the program
   * goes on.
   */
  attach(pod: string, options: AttachOptions): Promise<ExecSession>;
  /**
   * A connection to a port of a pod. What is written arrives there; ending or destroying it ends the connection both
   * ways. Throws ClusterError when the pod is not running; a port nobody listens on destroys the stream with one.
   */
  forward(pod: string, port: number): Promise<Duplex>;
  /** Whether this user may do something (SelfSubjectAccessReview). */
  may(attributes: AccessAttributes): Promise<boolean>;
  /** Any other path of the API server, for its version, API groups and proxies; the answer as it comes. */
  request(path: string, options?: RawRequest): Promise<IncomingMessage>;
  /** Ends idle connections. */
  close(): void;
}

export interface ListOptions {
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface Listed<T> {
  items: T[];
  resourceVersion: string;
}

export interface RemoveOptions {
  propagation?: 'Background' | 'Foreground' | 'Orphan';
  uid?: string;
  graceSeconds?: number;
}

export interface WatchOptions extends ListOptions {
  resourceVersion: string;
  signal: AbortSignal;
  /** After this time the API server ends the stream; a stream silent for longer is cut. */
  timeoutSeconds?: number | undefined;
  /** The server has taken the watch; what changes comes now. */
  onOpen?: () => void;
}

export type WatchEvent<T> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  /** Only its resource version counts. */
  | { type: 'BOOKMARK'; resourceVersion: string };

export interface LogOptions {
  container: string;
  follow: boolean;
  /** Each line begins with when the node took it in (RFC 3339, nanoseconds) and a space. Default: no. */
  timestamps?: boolean | undefined;
  /** Whole seconds count: RFC 3339. */
  sinceTime?: string | undefined;
  signal: AbortSignal;
}

export interface ExecOptions {
  container: string;
  command: readonly string[];
  stdin: Readable | null;
  signal: AbortSignal;
  /**
   * How long the program may read nothing of what is sent (default: a minute). One that ends without reading all of
   * its input is noticed by this alone, because its node does not tell.
   */
  patienceMs?: number;
}

export interface AttachOptions extends Pick<ExecRequest, 'command' | 'stdin' | 'terminal'> {
  container: string;
}

export interface AccessAttributes {
  verb: string;
  resource: Resource;
  subresource?: string;
  /** Null: in all namespaces. Default: in this one. */
  namespace?: string | null;
}

export interface RawRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: Readable | string;
  signal?: AbortSignal;
  /** Wait for the answer as long as it takes: it is given by a program behind a proxy, not by the API server. */
  patient?: boolean;
}
