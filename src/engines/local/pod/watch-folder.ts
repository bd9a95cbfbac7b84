import { watch } from 'node:fs';

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
