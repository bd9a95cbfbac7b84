/**
 * Fault tests kill the server "at every step": a step is a name, and `AICHOR_CRASH_AT=<name>` makes the process
 * end right there as by `kill -9`. Without the variable this does nothing.
 */
export function crashPoint(name: string): void {
  if (process.env['AICHOR_CRASH_AT'] === name) process.kill(process.pid, 'SIGKILL');
}
