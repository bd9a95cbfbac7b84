import type { Asker } from './ask.ts';
import type { WatchEvent, WatchOptions } from '../cluster.ts';
import { isStatus, noAnswer, Refusal, timedOut } from '../cluster-failure.ts';
import { jsonLines } from '../../../../base/io/lines.ts';
import type { KubeObject } from '../objects.ts';
import { searchOf } from '../../../../base/http/query.ts';

/** How long the API server is asked to keep a watch open. */
const WATCH_S = 300;
/** A watch that is silent for this much longer than the server was to keep it open has no server any more. */
const MARGIN = 1.125;

interface Line<T> {
  type?: string;
  object?: T;
}

/** Changes below a path; the contract is that of `Cluster.watch`. */
export async function* watchPath<T extends KubeObject>(
  { asker, server }: { asker: Asker; server: string },
  path: string,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { labelSelector, fieldSelector, resourceVersion, signal, timeoutSeconds = WATCH_S } = options;
  const asked = { labelSelector, fieldSelector, resourceVersion, timeoutSeconds };
  const silentMs = timeoutSeconds * 1000 * MARGIN;
  const cutter = new AbortController();
  const cut = () => cutter.abort(timedOut(server, 'sent nothing through a watch', silentMs));
  let timer = setTimeout(cut, silentMs);
  try {
    const answer = await asker.stream({
      method: 'GET',
      path: path + searchOf({ ...asked, watch: true, allowWatchBookmarks: true }),
      once: true,
      signal: AbortSignal.any([signal, cutter.signal]),
    });
    options.onOpen?.();
    for await (const line of jsonLines(answer, { torn: 'refuse' })) {
      clearTimeout(timer);
      timer = setTimeout(cut, silentMs);
      const event = eventOf<T>(line, server);
      if (event !== null) yield event;
    }
  } catch (error) {
    if (signal.aborted) return;
    throw cutter.signal.aborted ? cutter.signal.reason : noAnswer(server, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Null: of a type that nobody knows. Throws Refusal for an error. */
function eventOf<T extends KubeObject>(line: unknown, server: string): WatchEvent<T> | null {
  const { type, object } = lineOf<T>(line);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (object === undefined) throw noAnswer(server, new Error(`a watch event ${type} without an object`));
      return { type, object };
    case 'BOOKMARK':
      return { type, resourceVersion: object?.metadata?.resourceVersion ?? '' };
    case 'ERROR':
      throw isStatus(object)
        ? new Refusal(object, object.code ?? 500, null)
        : noAnswer(server, new Error('the watch reports an error without a Status'));
    default:
      return null;
  }
}

function lineOf<T>(line: unknown): Line<T> {
  return typeof line === 'object' && line !== null ? line : {};
}
