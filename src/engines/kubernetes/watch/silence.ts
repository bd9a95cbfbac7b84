/** Acts when nothing was heard for too long; what that is may change. */
export interface Silence {
  heard(): void;
  /** The limit has changed. */
  look(): void;
  end(): void;
}

/** @param limitMs asked whenever it may be over */
export function createSilence(limitMs: () => number, act: () => void): Silence {
  let last = performance.now();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    clearTimeout(timer);
    const left = last + limitMs() - performance.now();
    if (left <= 0) act();
    else timer = setTimeout(look, Math.ceil(left));
  }

  look();
  return {
    heard() {
      last = performance.now();
    },
    look,
    end: () => clearTimeout(timer),
  };
}
