/** Variable through which the user's command line reaches the launcher: no quoting on the way. */
export const COMMAND_VARIABLE = 'AICHOR_COMMAND';

/**
 * Script for `sh -c` that becomes the user's command: bash where there is one, because commands in the wild use
 * `$RANDOM`, `$SECONDS` and `[[ ]]`, and `sh` is often dash. The same on every engine.
 */
export const LAUNCHER = [
  `if command -v bash >/dev/null 2>&1; then exec bash -c "$${COMMAND_VARIABLE}"; fi`,
  `exec sh -c "$${COMMAND_VARIABLE}"`,
].join('\n');

/** One word for a POSIX shell, whatever it holds. */
export function quoteForShell(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
