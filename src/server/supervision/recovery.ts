import type { Ground } from './ground.ts';
import { stateOf } from '../store/store.ts';

interface Hands {
  enqueue(id: string): void;
  start(id: string): void;
  stop(id: string): void;
  tidyUp(id: string): void;
}

/**
 * After a start: every live experiment is taken up where it was. One that waited waits again, in the old order; one that
 * had been admitted goes on at its step, because the engine finds what it had started; one that was being ended
 * is ended. What ended experiments left behind is tidied up.
 *
 * @param only those on this engine; without it all of them
 */
export function recover(ground: Ground, { enqueue, start, stop, tidyUp }: Hands, only?: string): void {
  const { store, engines } = ground;
  const isMeant = (id: string) => only === undefined || stateOf(store, id).record.engine === only;
  for (const id of store.live().filter(isMeant)) {
    const { record, cancel_requested, failure } = stateOf(store, id);
    if (!engines.has(record.engine)) {
      const explanation = `the engine ${record.engine} is not configured any more`;
      store.append(id, [{ type: 'failure', reason: 'EngineUnavailable', explanation }, { type: 'ended' }]);
    } else if (record.step !== 'wait') {
      start(id);
      if (cancel_requested || failure !== null) stop(id);
    } else if (cancel_requested) {
      store.append(id, [{ type: 'ended' }]);
    } else {
      enqueue(id);
    }
  }
  for (const id of store.untidied().filter(isMeant)) tidyUp(id);
}
