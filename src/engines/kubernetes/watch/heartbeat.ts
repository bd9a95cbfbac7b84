import { isClusterError } from '../api/cluster-error.ts';
import { timedOut } from '../api/cluster-failure.ts';
import type { Cluster } from '../api/cluster.ts';
import { readDocument } from '../api/document.ts';
import { RESOURCES } from '../api/objects.ts';
import { pathOf } from '../api/paths.ts';
import type { Trouble } from './contact.ts';

/** Whether what is watched may still be looked at. */
export interface Heartbeat {
  trouble(): Trouble | null;
  close(): void;
}

interface HeartbeatOptions {
  cluster: Cluster;
  now: () => Date;
  /** `trouble` says something else now. */
  onState: () => void;
  /** From one answer to the next question, in milliseconds. */
  pauseMs?: number;
}

const PAUSE_MS = 1_000;
/** An answer that takes longer is none: what users are told of it is to be told within five seconds. */
const PATIENCE_MS = 2_500;

/** No object has this name; so the API server answers from its memory, whatever there is. */
const NOBODY = `fieldSelector=${encodeURIComponent('metadata.name=aichor-heartbeat')}&resourceVersion=0`;

/**
 * Asks again and again for what the watches tell of. They alone would not do: one that is open goes on after the rights to
 * it were taken away, and a server that stands still ends none of them. One question for all experiments of an engine.
 */
export function startHeartbeat({ cluster, now, onState, pauseMs = PAUSE_MS }: HeartbeatOptions): Heartbeat {
  const closing = new AbortController();
  const path = `${pathOf(RESOURCES.pods, cluster.namespace)}?${NOBODY}`;
  let trouble: Trouble | null = null;
  let last = now();
  let timer: NodeJS.Timeout | undefined;

  async function beat(): Promise<void> {
    const limit = AbortSignal.timeout(PATIENCE_MS);
    const why = await readDocument(cluster, path, { signal: AbortSignal.any([closing.signal, limit]) })
      .then(() => null)
      .catch((error: unknown) => {
        if (closing.signal.aborted) return null;
        if (limit.aborted) return timedOut(cluster.server, 'did not answer', PATIENCE_MS).message;
        if (isClusterError(error)) return lost(error);
        return error instanceof Error ? error.message : String(error);
      });
    if (closing.signal.aborted) return;
    if (why === null) last = now();
    const news = why !== (trouble?.why ?? null);
    trouble = why === null ? null : { since: last, why };
    if (news) onState();
    next();
  }
  function next(): void {
    timer = setTimeout(() => void beat(), pauseMs);
    timer.unref();
  }

  next();
  return {
    trouble: () => trouble,
    close() {
      closing.abort(new Error('nobody watches'));
      clearTimeout(timer);
    },
  };
}

/** Credentials that are refused do not get well by waiting: what to do is said with it. */
function lost({ status, message }: { status: number; message: string }): string {
  if (status === 401)
    return `its credentials are no longer taken (${message}); give new ones: aichor engines add NAME --replace`;
  if (status === 403)
    return `this user may no longer look at pods (${message}); aichor engines check says who can grant it`;
  return message;
}
