import { watch } from 'node:fs';

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

/**
 * Calls with the name of each file of a folder as it is made, renamed (`rename`) or written (`change`). A watch that cannot be had or that
 * breaks (limits of the system) is no error: callers look by themselves now and then, it only takes longer.
 *
 * @returns ends it
 */
export function watchFolder(folder: string, changed: (name: string, event: string) => void): () => void {
  try {
    const watcher = watch(folder, { persistent: false }, (event, name) => changed(name ?? '', event));
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => undefined;
  }
}
