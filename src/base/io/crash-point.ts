const passed = new Map<string, number>();

/**
 * Fault tests kill the server "at every step": a step is a name, and `AICHOR_CRASH_AT=<name>` makes the process end
 * right there as by `kill -9`; `<name>:<n>` when it is there for the n-th time. Without the variable this does
 * nothing.
 */
export function crashPoint(name: string): void {
  const wanted = process.env['AICHOR_CRASH_AT'];
  if (!wanted) return;
  const [at, times = '1'] = wanted.split(':');
  if (at !== name) return;
  const count = (passed.get(name) ?? 0) + 1;
  passed.set(name, count);
  if (count === Number(times)) process.kill(process.pid, 'SIGKILL');
}
