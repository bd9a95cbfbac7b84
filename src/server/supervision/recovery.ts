import type { Ground } from '../control-plane.ts';
import { stateOf } from '../get.ts';

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
 */
export function recover(ground: Ground, { enqueue, start, stop, tidyUp }: Hands): void {
  const { store, engines } = ground;
  for (const id of store.live()) {
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
  for (const id of store.untidied()) tidyUp(id);
}
