import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

/**
 * Starts a program, without a shell, that goes on while we do other things (`run` waits for one's end). Resolves as soon
 * as it runs; from then on nothing of it is thrown.
 *
 * @param words what follows the program's name
 * @param options `env` is all of its environment; with `detached` it leads a process group of its own, and outlives us
 * @throws the system's error when it cannot be started: `isAbsent` when there is no such program, or no such folder
 */
export async function start(
  program: string,
  words: readonly string[],
  options: SpawnOptions & { env: NonNullable<SpawnOptions['env']> },
): Promise<ChildProcess> {
  const child = spawn(program, [...words], options);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  // Told of a signal that could not be sent: whoever sent it sees that there.
  child.on('error', () => undefined);
  return child;
}

/**
 * `start` for those who listen to the child themselves: that it could not be started is its event `error`.
 *
 * @throws TypeError for words and variables that no process can have; system errors such as E2BIG at once
 */
export function startChild(program: string, words: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn(program, [...words], options);
}
