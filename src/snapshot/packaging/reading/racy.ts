/**
 * What changed this short before it was read may change again without its times showing it (clocks of file systems tick
 * every few milliseconds, on some every two seconds): it is not trusted the next time.
 */
const RACY_MS = 2000;

/** @param startedAt when the scan began, in milliseconds */
export function isRacy(
  { mtimeMs, ctimeMs }: { mtimeMs: number; ctimeMs: number },
  startedAt: number,
): boolean {
  return Math.max(mtimeMs, ctimeMs) >= startedAt - RACY_MS;
}
