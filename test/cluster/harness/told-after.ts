/**
 * Reports how long something took to be told, beside its limit: a busy machine may take longer, so no test fails of it.
 *
 * @param since `performance.now()` of the cause
 */
export function toldAfter(what: string, since: number, limitS: number): void {
  const seconds = (performance.now() - since) / 1000;
  const verdict = seconds <= limitS ? 'ok' : 'LATE';
  process.stdout.write(`${what}: ${seconds.toFixed(1)} s, limit ${limitS} s: ${verdict}\n`);
}
