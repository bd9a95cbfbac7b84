import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Keeps the process small: it gives memory back that was needed for work that is done, and collects before much has gathered. */
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
 * By how many percent the heap may grow, from what lives in it, until all of it is collected. Left alone it is four times as large
 * before that where there are 5,000 pods; this costs a fifth more work there, and next to nothing where little lives.
 */
const GROWTH_PERCENT = 40;

/**
 * Node keeps what it once had as long as the machine has room: after 10,000 submissions the heap is twice what lives in
 * it, for ever. A server that rests collects, which takes some 50 ms, and the system gets the pages back.
 */
export function createMemoryKeeper(): MemoryKeeper {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
  let timer: NodeJS.Timeout | undefined;
  let collected = 0;
  const collect = () => {
    timer = undefined;
    if (heldBytes() < collected + WORTH_BYTES) return;
    collectGarbage();
    collected = heldBytes();
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

/** Asked of V8 itself: `process.memoryUsage` opens a file, and so throws where there is no descriptor left. */
function heldBytes(): number {
  const { total_heap_size, external_memory } = getHeapStatistics();
  return total_heap_size + external_memory;
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
