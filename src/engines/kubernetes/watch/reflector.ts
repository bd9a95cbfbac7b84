import { setTimeout as sleep } from 'node:timers/promises';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster, ListOptions } from '../api/cluster.ts';
import { createContact, type Contact, type Trouble } from './contact.ts';
import type { EngineLog } from '../engine-log.ts';
import { createMirror, type Change, type Mirror } from './mirror.ts';
import type { KubeObject, Resource } from '../api/objects.ts';
import { resumeDelay } from '../api/http/retry.ts';

/** Keeps a copy of all objects of a kind up to date, whatever the network and the API server do. */
export interface Reflector {
  /** What there is has been told once; or the kind is not installed. */
  synced(): boolean;
  trouble(): Trouble | null;
  /** Since when it has told of every change, by a clock that only goes forward; null: its watch is being taken up. */
  tellsSince(): number | null;
  /** Somebody expects objects of this kind: one that was not installed is looked at again, if that is some time ago. */
  lookAgain(): void;
  close(): void;
}

export interface ReflectorOptions<T extends KubeObject, K = T> {
  cluster: Pick<Cluster, 'listAs' | 'watch'>;
  resource: Resource;
  selector: Pick<ListOptions, 'labelSelector' | 'fieldSelector'>;
  /** Reduces an object to what is needed of it; null: it is none of ours. */
  keep: (object: T) => K | null;
  onChange: (changes: readonly Change<K>[]) => void;
  /** `synced` or `trouble` says something else now. */
  onState: () => void;
  log: Pick<EngineLog, 'info' | 'warn'>;
  now: () => Date;
  /** From 0 up to 1. */
  chance: () => number;
  /** How long a watch is open, in seconds; up to a quarter more, so that they do not all end together. */
  watchS: number;
}

/** A kind that is not installed is looked at so often; sooner, but not sooner than this, for somebody who expects it. */
const ABSENT_MS = 30_000;
const EXPECTED_MS = 3_000;
/** A watch that held so long was a good one; one that did not end at once was not quite bad. */
const GOOD_MS = 30_000;
const FAIR_MS = 5_000;
/** How far what came to something counts as one failure more. */
const MOST_AFTER_PROGRESS = 4;
/** After so many lists in a row that are older than what was seen, the cluster was set back to an earlier state. */
const MOST_STALE = 10;

/** How a list or a watch went. */
type Outcome = 'good' | 'progress' | 'failed' | 'absent';

interface Reflecting<T extends KubeObject, K> extends ReflectorOptions<T, K> {
  mirror: Mirror<T, K>;
  contact: Contact;
  signal: AbortSignal;
  /** When its watch was opened, or its kind was seen not to be installed. */
  tellsSince: number | null;
  /** How often in a row. */
  absent: number;
  stale: number;
}

export function startReflector<T extends KubeObject, K = T>(options: ReflectorOptions<T, K>): Reflector {
  const { resource, log, now } = options;
  const closing = new AbortController();
  const { signal } = closing;
  const unlessClosed = (tell: () => void) => (signal.aborted ? undefined : tell());
  const onState = () => unlessClosed(options.onState);
  const contact = createContact({ kind: resource.kind, log, now, onState });
  const mirror = createMirror<T, K>(options.keep);
  const reflecting: Reflecting<T, K> = {
    ...options,
    mirror,
    contact,
    signal,
    onState,
    tellsSince: null,
    absent: 0,
    stale: 0,
    onChange: (changes) => unlessClosed(() => options.onChange(changes)),
  };
  let nap = new AbortController();
  async function pause(ms: number): Promise<void> {
    if (signal.aborted) return;
    nap = new AbortController();
    await sleep(ms, undefined, { signal: nap.signal }).catch(() => undefined);
  }
  void reflect(reflecting, pause);
  return {
    synced: contact.synced,
    trouble: contact.trouble,
    tellsSince: () => reflecting.tellsSince,
    lookAgain() {
      if (reflecting.absent > 0 && contact.silentMs() > EXPECTED_MS) nap.abort();
    },
    close() {
      closing.abort(new Error('nobody watches'));
      nap.abort();
    },
  };
}

async function reflect<T extends KubeObject, K>(
  reflecting: Reflecting<T, K>,
  pause: (ms: number) => Promise<void>,
): Promise<void> {
  const { mirror, signal, chance } = reflecting;
  for (let failures = 0; !signal.aborted;) {
    const listing = mirror.version() === null;
    const outcome = await step(reflecting);
    // The watch follows its list at once.
    if (listing && outcome === 'progress') continue;
    failures = failuresAfter(outcome, failures);
    await pause(outcome === 'absent' ? ABSENT_MS : resumeDelay(failures, outcome === 'progress', chance()));
  }
}

function failuresAfter(outcome: Outcome, before: number): number {
  if (outcome === 'good') return 0;
  return outcome === 'progress' ? Math.min(before + 1, MOST_AFTER_PROGRESS) : before + 1;
}

async function step<T extends KubeObject, K>(reflecting: Reflecting<T, K>): Promise<Outcome> {
  const { mirror, contact, signal, resource, log } = reflecting;
  const version = mirror.version();
  try {
    return await (version === null ? list(reflecting) : watch(reflecting, version));
  } catch (error) {
    if (signal.aborted) return 'failed';
    if (!isClusterError(error))
      log.warn({ kind: resource.kind, err: error }, 'a watch failed for no known reason');
    contact.lost(error instanceof Error ? error.message : String(error));
    return 'failed';
  }
}

async function list<T extends KubeObject, K>(reflecting: Reflecting<T, K>): Promise<Outcome> {
  const { cluster, resource, selector, mirror, contact, signal, onChange } = reflecting;
  const listed = await cluster
    .listAs(resource, mirror.see, { ...selector, signal })
    .catch((error: unknown) => {
      if (isClusterError(error, 404)) return null;
      throw error;
    });
  reflecting.absent = listed === null ? reflecting.absent + 1 : 0;
  if (listed === null) return absent(reflecting);
  reflecting.tellsSince = null;
  let changes = mirror.replace(listed);
  reflecting.stale = changes === null ? reflecting.stale + 1 : 0;
  if (changes === null) {
    contact.lost('the API server answers with an earlier state of the cluster');
    if (reflecting.stale < MOST_STALE) return 'failed';
    changes = [...mirror.reset(), ...(mirror.replace(listed) ?? [])];
    reflecting.stale = 0;
  }
  if (changes.length > 0) onChange(changes);
  contact.reached({ whole: true });
  return 'progress';
}

/** Where there were objects only the second look is believed: an API server that starts may not know all of its kinds. */
function absent<T extends KubeObject, K>(reflecting: Reflecting<T, K>): Outcome {
  const { absent, mirror, contact, resource, onChange } = reflecting;
  if (mirror.size() > 0 && absent < 2) contact.lost(`${resource.kind} is no longer installed`);
  else {
    const gone = mirror.reset();
    if (gone.length > 0) onChange(gone);
    contact.reached({ whole: true });
    reflecting.tellsSince ??= performance.now();
  }
  return 'absent';
}

async function watch<T extends KubeObject, K>(
  reflecting: Reflecting<T, K>,
  resourceVersion: string,
): Promise<Outcome> {
  const { cluster, resource, selector, mirror, contact, signal, now, chance, watchS, onChange } = reflecting;
  const began = now().getTime();
  let open = false;
  let something = false;
  const onOpen = () => {
    open = true;
    reflecting.tellsSince = performance.now();
    contact.reached();
  };
  const timeoutSeconds = Math.round(watchS * (1 + chance() / 4));
  try {
    const asked = { ...selector, resourceVersion, signal, timeoutSeconds, onOpen };
    for await (const event of cluster.watch<T>(resource, asked)) {
      something = true;
      contact.heard();
      const changes = mirror.event(event);
      if (changes.length > 0) onChange(changes);
    }
  } catch (error) {
    // In whatever words this version is refused, it is not asked for again.
    const forgotten = isClusterError(error, 410) || isClusterError(error, 400);
    if (forgotten) mirror.expire();
    else if (!open || !isClusterError(error)) throw error;
  } finally {
    reflecting.tellsSince = null;
  }
  const held = now().getTime() - began;
  if (held >= GOOD_MS) return 'good';
  return something || held >= FAIR_MS ? 'progress' : 'failed';
}
