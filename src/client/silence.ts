import { sleep } from '../base/async/abort.ts';
import { HttpTimeout, send } from '../base/http/send.ts';
import { AichorError } from '../errors.ts';
import type { SocketAddress } from './address.ts';
import { serverFileIn } from './server-file.ts';

/** How long a server on this machine may leave a request without an answer before it is asked whether it lives. */
const PATIENCE_MS = 3000;
/** How long that may take: it answers it from memory. */
const HEALTH_MS = 2000;

/**
 * An answer, as long as whoever is to give it lives: some take long (a commit is fetched), but a server that cannot even
 * say so is stopped, or wedged. Throws AichorError `server_unreachable` with its pid and the cure.
 */
export async function unlessSilent<T>(
  address: SocketAddress,
  ask: (givenUp: AbortSignal) => Promise<T>,
): Promise<T> {
  const givenUp = new AbortController();
  const done = new AbortController();
  const silent = untilSilent(address, done.signal);
  // It is abandoned when the answer comes.
  silent.catch(() => undefined);
  try {
    return await Promise.race([ask(givenUp.signal), silent]);
  } catch (error) {
    // A request that waits for ever would keep the command from ending.
    givenUp.abort();
    throw error;
  } finally {
    done.abort();
  }
}

async function untilSilent(address: SocketAddress, signal: AbortSignal): Promise<never> {
  const { socketPath } = address;
  const ask = { place: { socketPath }, method: 'GET', path: '/v1/health', headers: { host: 'aichor' } };
  for (;;) {
    await sleep(PATIENCE_MS, signal);
    try {
      const health = await send({ ...ask, answerMs: HEALTH_MS, signal });
      health.resume();
    } catch (error) {
      if (error instanceof HttpTimeout) throw silence(address);
      // It is gone: the request finds that out by itself.
    }
  }
}

/** What commands say of a server that holds its socket and does not answer. */
export function silence({ socketPath, dataFolder }: SocketAddress): AichorError {
  const pid = dataFolder === undefined ? undefined : serverFileIn(dataFolder)?.pid;
  const who = pid === undefined ? `at ${socketPath}` : `(pid ${pid})`;
  return new AichorError('server_unreachable', `the control plane ${who} does not answer`, {
    hint: 'aichor server stop --force ends it, and harms no experiment; then run the command again',
  });
}
