import { parentPort, workerData } from 'node:worker_threads';
import { hashSlice } from './hash-slice.ts';
import { createHasher } from './hash.ts';
import { changedLines, sharedSlices } from './look.ts';
import { failureMessage, type ReadingJob, type ReadingMessage } from './threads.ts';

/** Reads in a thread of its own, beside the one that gave the job and takes slices of it too. */
async function work(): Promise<void> {
  if (!parentPort) throw new Error('this thread is started by threads.ts only');
  const port = parentPort;
  // Given by threads.ts, in this very version.
  const job = workerData as ReadingJob;
  const send = <T>(message: ReadingMessage<T>, transfer: ArrayBuffer[] = []) =>
    port.postMessage(message, transfer);
  try {
    if (job.kind === 'look') {
      const { buffer, byteOffset, length } = job.text;
      const record = { ...job, text: Buffer.from(buffer, byteOffset, length) };
      const slices = sharedSlices(job.taken, job.starts.length - 1);
      for (let slice = slices.next(); slice; slice = slices.next()) {
        const changed = changedLines(job.root, record, slice);
        if (changed.length > 0) send({ result: changed });
      }
    } else {
      const slices = sharedSlices(job.taken, job.paths.length);
      const hasher = createHasher();
      let room = job.keep;
      for (let slice = slices.next(); slice; slice = slices.next()) {
        const result = await hashSlice(job, { slice, hasher, room });
        room -= result.contents?.length ?? 0;
        const buffers = [result.hashes, result.sizes, result.contents].flatMap((part) => part?.buffer ?? []);
        send({ result }, buffers as ArrayBuffer[]);
      }
    }
    send({ done: true });
  } catch (error) {
    send(failureMessage(error));
  }
}

void work();
