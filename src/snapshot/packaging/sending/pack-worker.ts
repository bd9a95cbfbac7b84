import { parentPort, workerData } from 'node:worker_threads';
import { isAichorError } from '../../../errors.ts';
import { isPackOrder, type PackMessage } from './pack-messages.ts';
import { tarChunks } from './tar-chunks.ts';

/** Packs in a thread of its own, so that reading and hashing files holds up nobody. */
function work(): void {
  const order: unknown = workerData;
  if (!parentPort || !isPackOrder(order)) throw new Error('the pack worker is started by pack.ts only');
  const send = (message: PackMessage, transfer: ArrayBuffer[] = []) =>
    parentPort?.postMessage(message, transfer);
  const room = new Int32Array(order.room);
  try {
    for (const chunk of tarChunks(order.root, order.files)) {
      // Back-pressure without a turn of the event loop: sleeps while as many chunks lie unread as may.
      while (Atomics.load(room, 0) <= 0) Atomics.wait(room, 0, 0);
      Atomics.sub(room, 0, 1);
      const bytes = new Uint8Array(chunk);
      send({ chunk: bytes }, [bytes.buffer]);
    }
    send({ end: true });
  } catch (error) {
    if (!isAichorError(error)) throw error;
    send({ failure: { code: error.code, message: error.message, hint: error.hint } });
  }
}

work();
