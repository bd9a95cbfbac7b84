import type { ServerResponse } from 'node:http';
import { isSelected } from './kubernetes-answers.ts';
import type { Misbehaviour } from './kubernetes-api.ts';
import type { Asked } from './kubernetes-request.ts';
import type { FakeStore, Logged } from './kubernetes-store.ts';

/** Watches that are open. */
export type Watches = Set<{ bookmark(): void; end(): void }>;

interface WatchAnswer {
  store: FakeStore;
  watches: Watches;
  asked: Asked;
  response: ServerResponse;
  bad: Misbehaviour | null;
}

/** Streams what changes after the version that was asked for, until the time is up or somebody ends it. */
export function answerWatch({ store, watches, asked, response, bad }: WatchAnswer): void {
  const { plural, query } = asked;
  const from = Number(query.get('resourceVersion'));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
  if (bad?.kind === 'gone' || from < store.oldest()) {
    response.end(
      line('ERROR', { kind: 'Status', status: 'Failure', reason: 'Expired', message: 'too old', code: 410 }),
    );
    return;
  }
  let told = 0;
  const tell = ({ type, object }: Logged) => {
    // What it was told before may have ended it.
    if (response.writableEnded || !isSelected(object, query)) return;
    if (bad?.kind === 'silent' && told >= bad.events) return;
    const whole = line(type, object);
    if (bad?.kind === 'half' && told >= bad.events) {
      response.write(whole.slice(0, whole.length / 2));
      end();
      return;
    }
    told += 1;
    response.write(whole);
  };
  const stop = store.onChange((logged) => {
    if (logged.plural === plural) tell(logged);
  });
  const openMs = Number(query.get('timeoutSeconds') ?? 300) * 1000;
  const timer = bad?.kind === 'silent' ? undefined : setTimeout(() => end(), openMs);
  const watch = {
    bookmark() {
      if (bad?.kind === 'silent') return;
      response.write(line('BOOKMARK', { metadata: { resourceVersion: String(store.version()) } }));
    },
    end,
  };
  function end(): void {
    clearTimeout(timer);
    stop();
    watches.delete(watch);
    response.end();
  }
  watches.add(watch);
  response.once('close', end);
  for (const logged of store.since(plural, from)) tell(logged);
}
