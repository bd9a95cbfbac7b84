import { parentPort, workerData } from 'node:worker_threads';
import { integrityIn, type IntegrityAnswer, type IntegrityJob } from './integrity.ts';

/** Reads the whole database in a thread of its own. */
async function work(): Promise<void> {
  if (!parentPort) throw new Error('this thread is started by integrity.ts only');
  // Given by integrity.ts, in this very version.
  const { file } = workerData as IntegrityJob;
  const answer: IntegrityAnswer = { integrity: await integrityIn(file) };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort.postMessage(answer);
}

void work();
