import { spawnSync } from 'node:child_process';

/**
 * What a quick program prints (UTF-8, without the newline at its end), run without a shell while everything else waits;
 * null when it is not there, or does not end with 0. `run` is for all that may take longer.
 *
 * @param env all of its environment
 */
export function outputSync(
  program: string,
  words: readonly string[],
  { env, cwd }: { env: Readonly<Record<string, string | undefined>>; cwd?: string },
): string | null {
  const { status, stdout } = spawnSync(program, [...words], {
    env: { ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    ...(cwd !== undefined && { cwd }),
  });
  return status === 0 ? stdout.replace(/\n$/, '') : null;
}
