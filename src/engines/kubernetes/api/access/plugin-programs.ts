import { startChild } from '../../../../base/io/start.ts';
import { signalGroup } from '../../../../machine/signals.ts';

/** The programs that the library has started to be given credentials, and that have not answered yet. */
export interface PluginPrograms {
  /** Ends them, and what they have started: nobody waits for their answer any more. */
  end(): void;
}

/**
 * The library starts a program, and never ends it: one that waits for somebody at a terminal would wait for ever.
 *
 * @param config the library's; one of its `authenticators` starts programs by its `execFn`
 */
export function watchPlugins(config: object): PluginPrograms {
  const groups = new Set<number>();
  const execFn = (command: string, words: readonly string[] | undefined, options: object) => {
    const child = startChild(command, words ?? [], {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const { pid } = child;
    if (pid !== undefined) {
      groups.add(pid);
      child.once('close', () => groups.delete(pid));
    }
    return child;
  };
  const known: unknown = Reflect.get(config, 'authenticators');
  for (const each of Array.isArray(known) ? known : [])
    if (typeof each === 'object' && each !== null && 'execFn' in each) Object.assign(each, { execFn });
  return {
    end() {
      for (const pid of groups) signalGroup(pid, 'SIGKILL');
    },
  };
}
