import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Gives memory back that was needed for work that is done. */
export interface MemoryKeeper {
  /** Something was done: the server does not rest. */
  touch(): void;
  stop(): void;
}

/** How long nothing has been asked for when a server rests. */
const REST_MS = 2000;
/** Bytes that the heap has grown by since it was last looked at, from which on collecting is worth its pause. */
const WORTH_BYTES = 16 * 1024 * 1024;

/**
 * Node keeps what it once had as long as the machine has room: after 10,000 submissions the heap is twice what lives in
 * it, for ever. A server that rests collects, which takes some 50 ms, and the system gets the pages back.
 */
export function createMemoryKeeper(): MemoryKeeper {
  let timer: NodeJS.Timeout | undefined;
  let collected = 0;
  const collect = () => {
    timer = undefined;
    const { heapTotal, external } = process.memoryUsage();
    if (heapTotal + external < collected + WORTH_BYTES) return;
    collectGarbage();
    const after = process.memoryUsage();
    collected = after.heapTotal + after.external;
  };
  return {
    touch() {
      if (timer !== undefined) return void timer.refresh();
      timer = setTimeout(collect, REST_MS);
      timer.unref();
    },
    stop: () => clearTimeout(timer),
  };
}

/** The engine's own function, which is there only for those who ask for it. The second time empties what the first moved. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collector: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collector !== 'function') return;
  collector();
  collector();
}
