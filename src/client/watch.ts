import { addAbortSignal } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListQueryInput } from '../api/contract.ts';
import { isAichorError, systemErrorCode } from '../errors.ts';
import type { ExperimentSummary } from '../experiment/record.ts';
import { isTerminal } from '../experiment/status.ts';
import type { Client } from './client.ts';
import { jsonLines } from './json-lines.ts';

export interface WatchOptions {
  client: Pick<Client, 'watch'>;
  /** Experiment ids (full ones), or a list query, which is watched for ever. */
  query: { id: string[] } | ListQueryInput;
  signal: AbortSignal;
  /** The connection was lost and is being made again. */
  onLost(): void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** Attempts without a single line in between: about five minutes. */
const ATTEMPTS = 160;

/**
 * The present state of each experiment, then each change. Over lost connections and restarts of the control
 * plane; what was given out already is not given out again. Ends when all given ids are terminal.
 */
export async function* watchExperiments(options: WatchOptions): AsyncGenerator<ExperimentSummary> {
  const { query, signal } = options;
  const last = new Map<string, string>();
  const open = new Set('id' in query ? query.id : []);
  let attempt = 0;
  while (!signal.aborted) {
    try {
      for await (const summary of connection(options)) {
        attempt = 0;
        if (isTerminal(summary.status)) open.delete(summary.experiment_id);
        const text = JSON.stringify(summary);
        if (last.get(summary.experiment_id) === text) continue;
        last.set(summary.experiment_id, text);
        yield summary;
      }
      if ('id' in query && open.size === 0) return;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!isLost(error) || ++attempt > ATTEMPTS) throw error;
    }
    options.onLost();
    await delay(Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempt, 5), LONGEST_PAUSE_MS), undefined, {
      signal,
    });
  }
  throw signal.reason;
}

async function* connection({ client, query, signal }: WatchOptions): AsyncGenerator<ExperimentSummary> {
  const response = addAbortSignal(signal, await client.watch(query));
  try {
    yield* jsonLines<ExperimentSummary>(response);
  } finally {
    response.destroy();
  }
}

/** Worth another try: no connection, or one that broke; anything the server said itself is not. */
export function isLost(error: unknown): boolean {
  if (isAichorError(error)) return error.code === 'server_unreachable';
  return systemErrorCode(error) !== undefined;
}
