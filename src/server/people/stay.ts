import { AichorError } from '../../errors.ts';

/** Whether whoever asked would still be let in by what they brought: a key that is gone or over, a session that has ended, is no more. */
export type IsStillIn = () => boolean;

/** For what lasts: a stream, a shell. */
interface Stay {
  /** Aborted when whoever asked is no longer let in, with an AichorError `unauthenticated` as its reason. */
  over: AbortSignal;
  /** From now on it is looked at. More than once is once. */
  begin(): void;
  /** What lasted has ended by itself. */
  end(): void;
}

/**
 * Looked at again and again, instead of being told: keys are taken away at any door of the server and run out by the clock, which a
 * machine that slept has moved by hours. Each look is one in memory.
 */
const LOOK_MS = 1000;

export function createStay(isStillIn: IsStillIn): Stay {
  const over = new AbortController();
  let timer: NodeJS.Timeout | null = null;
  const end = () => clearInterval(timer ?? undefined);
  const look = () => {
    if (isStillIn()) return;
    end();
    over.abort(noLonger());
  };
  return {
    over: over.signal,
    begin() {
      timer ??= setInterval(look, LOOK_MS).unref();
    },
    end,
  };
}

function noLonger(): AichorError {
  return new AichorError(
    'unauthenticated',
    'the key or the session that this was begun with is no longer good',
    {
      hint: 'ask an admin of the server for another key, or sign in again',
    },
  );
}
