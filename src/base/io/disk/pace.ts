import { bytesBelow } from './bytes-below.ts';

/** Bytes a second that a transfer brings at least. */
const SLOWEST = 1000;

interface Pace {
  /** A pause of so many seconds is none, nor is a sign of life in each of them. */
  silence: number;
  /** Nothing but an answer is waited for: it is small. */
  isQuestion: boolean;
  /** Where a transfer leaves what it brings. */
  directory: string | undefined;
  signal: AbortSignal | undefined;
}

/** For how many times the longest silence a host may be slow: it may have to pack first, and we to put together what came. */
const PATIENCE = { question: 10, transfer: 60 };

/**
 * Calls `work` with a signal that is aborted when what it waits for does not come, although there is no silence: a host that
 * sends a byte now and then would hold it for ever. Null: it was too slow, and has ended. Throws what `work` throws.
 */
export async function atPace<T>(
  { silence, isQuestion, directory, signal }: Pace,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | null> {
  const seconds = silence * (isQuestion ? PATIENCE.question : PATIENCE.transfer);
  const slow = new AbortController();
  const size = async () => (directory === undefined ? 0 : bytesBelow(directory));
  let before = await size();
  const timer = setInterval(() => {
    void size().then(
      (now) => {
        if (now - before < SLOWEST * seconds) slow.abort();
        before = now;
      },
      () => undefined,
    );
  }, seconds * 1000);
  try {
    return await work(signal ? AbortSignal.any([signal, slow.signal]) : slow.signal);
  } catch (error) {
    if (slow.signal.aborted && signal?.aborted !== true) return null;
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** In the words that stand for silence, too: nobody asks such a host once more. */
export const TOO_SLOW = `it is too slow: fewer than ${SLOWEST} bytes a second came`;
