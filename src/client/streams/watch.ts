import { addAbortSignal } from 'node:stream';
import type { ListQueryInput } from '../../api/contract.ts';
import { sleep } from '../../base/async/abort.ts';
import { doubling } from '../../base/async/again.ts';
import { isAichorError, systemErrorCode } from '../../errors.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { isTerminal } from '../../experiment/status.ts';
import type { Client } from '../client.ts';
import { jsonLines } from './json-lines.ts';

export interface ExperimentWatch {
  client: Pick<Client, 'watch'>;
  /** Experiment ids (full ones), or a list query, which is watched for ever. */
  query: { id: string[] } | ListQueryInput;
  signal: AbortSignal;
  /** The connection was lost and is being made again. */
  onLost(): void;
}

/** Attempts without a single line in between: about five minutes. */
const PAUSES = doubling({ firstMs: 100, longestMs: 2_000, most: 160 });

/**
 * The present state of each experiment, then each change. Over lost connections and restarts of the control
 * plane; what was given out already is not given out again. Ends when all given ids are terminal.
 */
export async function* watchExperiments(options: ExperimentWatch): AsyncGenerator<ExperimentSummary> {
  const { query, signal } = options;
  const last = new Map<string, string>();
  const open = new Set('id' in query ? query.id : []);
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const summary of connection(options)) {
        failures = 0;
        if (isTerminal(summary.status)) open.delete(summary.experiment_id);
        const text = JSON.stringify(summary);
        if (last.get(summary.experiment_id) === text) continue;
        last.set(summary.experiment_id, text);
        yield summary;
      }
      if ('id' in query && open.size === 0) return;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!isLost(error)) throw error;
      failures++;
      if (PAUSES(failures) === null) throw error;
    }
    options.onLost();
    await sleep(PAUSES(Math.max(1, failures)) ?? 0, signal);
  }
  throw signal.reason;
}

async function* connection({ client, query, signal }: ExperimentWatch): AsyncGenerator<ExperimentSummary> {
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
