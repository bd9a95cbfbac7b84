import { setTimeout as delay } from 'node:timers/promises';
import type { BuildContext } from '../../../engine.ts';
import { isClusterError } from '../../api/cluster-error.ts';
import type { Cluster } from '../../api/cluster.ts';
import { isUnreachable } from '../../api/insist.ts';
import { uploadContext } from './upload.ts';

/** Sends a build what it waits for, again when that broke off. */
export interface Uploader {
  /** This pod waits. Nothing new is begun while it is being sent, or when it was. */
  begin(pod: string): void;
  /** Nobody waits any more. */
  end(): void;
  /** Why it cannot be sent; null: nothing is known to be in the way. */
  readonly failure: string | null;
}

interface UploaderOptions {
  cluster: Cluster;
  signals: readonly AbortSignal[];
  onChange(): void;
}

const PAUSE_MS = 1000;
/** A container that has just started may not be there yet for who wants to run something in it. */
const MOST_REFUSALS = 5;
/** Exit codes above are of a signal. */
const OF_A_SIGNAL = 128;

export function createUploader(
  { context, dockerfile }: { context: BuildContext; dockerfile: string },
  { cluster, signals, onChange }: UploaderOptions,
): Uploader {
  const ended = new AbortController();
  const signal = AbortSignal.any([...signals, ended.signal]);
  const files = { snapshot: context.snapshot, context: context.plan.builder.context, dockerfile };
  const begun = new Set<string>();
  let failure: string | null = null;

  /** What is in the way for good; null: it was sent, or nobody waits any more. */
  async function send(pod: string): Promise<string | null> {
    for (let refusals = 0; ;) {
      context.progress('sending the files to the build');
      try {
        const { code, output } = await uploadContext(cluster, { ...files, pod, signal });
        if (code === 0) return null;
        const problem = `tar ended with ${code} (${output.trim().slice(-300)})`;
        // The container ends when the last file is there, and kills a tar that has not: what came of that is seen later.
        if (code <= OF_A_SIGNAL || ++refusals === MOST_REFUSALS) return problem;
        await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return null;
      } catch (error) {
        if (signal.aborted) return null;
        if (!isClusterError(error)) throw error;
        const { message } = error;
        if (!isUnreachable(error) && ++refusals === MOST_REFUSALS) return message;
        context.progress(`sending the files to the build again: ${message}`);
        await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  return {
    begin(pod) {
      if (begun.has(pod)) return;
      begun.add(pod);
      send(pod)
        .then(
          (problem) => (failure = problem),
          (error: unknown) => (failure = String(error)),
        )
        .finally(onChange);
    },
    end: () => ended.abort(),
    get failure() {
      return failure;
    },
  };
}
