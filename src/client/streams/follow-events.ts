import { addAbortSignal } from 'node:stream';
import type { ChangeLine, EventsQueryInput } from '../../api/told/event-contract.ts';
import { sleep } from '../../base/async/abort.ts';
import { doubling } from '../../base/async/again.ts';
import { AichorError } from '../../errors.ts';
import type { Client } from '../client.ts';
import { jsonLines } from './json-lines.ts';
import { isLost } from './watch.ts';

export interface EventStream {
  client: Pick<Client, 'events'>;
  query: EventsQueryInput;
  signal: AbortSignal;
  /** The connection was lost and is being made again. */
  onLost(): void;
}

/** Attempts without a single line in between: about five minutes. */
const PAUSES = doubling({ firstMs: 100, longestMs: 2_000, most: 160 });

/** What the stream says of itself. */
type Mark = { at: number } | { end: number } | { gone: number };

/**
 * Changes, each once, over lost connections and restarts of the control plane: it goes on behind the last one it has seen.
 * Returns when all that is kept was given out, unless the query follows. Throws AichorError `events_gone` where it could not
 * go on without leaving changes out.
 */
export async function* followEvents(options: EventStream): AsyncGenerator<ChangeLine> {
  const { query, signal } = options;
  let at: number | null = null;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const since: EventsQueryInput['since'] = at ?? query.since;
      const asked: EventsQueryInput = since === undefined ? query : { ...query, since };
      for await (const line of connection(options, asked)) {
        failures = 0;
        if ('end' in line) return;
        if ('gone' in line) throw fallenBehind(at ?? 0, line.gone);
        at = 'at' in line ? line.at : line.sequence;
        if ('sequence' in line) yield line;
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      // The first connection was tried again by the client itself.
      if (at === null || !isLost(error)) throw error;
      failures++;
      if (PAUSES(failures) === null) throw error;
    }
    options.onLost();
    await sleep(PAUSES(Math.max(1, failures)) ?? 0, signal);
  }
  throw signal.reason;
}

async function* connection(
  { client, signal }: EventStream,
  query: EventsQueryInput,
): AsyncGenerator<ChangeLine | Mark> {
  const response = addAbortSignal(signal, await client.events(query));
  try {
    yield* jsonLines<ChangeLine | Mark>(response);
  } finally {
    response.destroy();
  }
}

function fallenBehind(at: number, oldest: number): AichorError {
  return new AichorError(
    'events_gone',
    `changes came faster than they were read: those between ${at} and ${oldest} are no longer kept`,
    { hint: `--since ${oldest - 1} goes on; aichor experiments list tells how things stand` },
  );
}
