/** Something that can be waited for, and that several causes can set off; causes that come early are kept. */
export interface Wake {
  /** A cause. Cheap, any number of times. */
  call(): void;
  /** Resolves at once when there was a cause since the last `next`, else with the next one, else after `ms`. */
  next(ms: number): Promise<void>;
}

export function createWake(): Wake {
  let called = false;
  let resolveNext: (() => void) | null = null;
  return {
    call() {
      called = true;
      resolveNext?.();
    },
    async next(ms) {
      if (!called) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          resolveNext = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      resolveNext = null;
      called = false;
    },
  };
}
