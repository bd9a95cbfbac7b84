import { fstatSync } from 'node:fs';

/** Commands that are done sooner never pay for the watching. */
const AFTER_MS = 500;

/**
 * Calls back when the last reader of the pipe behind stdout has left, also while there is nothing to write: without
 * it `list --watch | head -1` would only end with the next change.
 *
 * Node asks the system about a pipe only while it reads or writes, and a write of nothing is no write. GNU `tail`
 * waits in `poll` on its own stdout and dies of SIGPIPE when the reader goes, so one that follows nothing at all does
 * the watching; `--pid` makes it leave with this process whatever that dies of. Where there is no such `tail`
 * (macOS), the next write tells, as it does for every other program.
 */
export function watchReader(process: NodeJS.Process, onGone: () => void): void {
  const { fd } = process.stdout;
  if (process.platform !== 'linux' || !fstatSync(fd).isFIFO()) return;
  setTimeout(() => void startWatching(process, { fd, onGone }), AFTER_MS).unref();
}

async function startWatching(
  process: NodeJS.Process,
  { fd, onGone }: { fd: number; onGone: () => void },
): Promise<void> {
  const { spawn } = await import('node:child_process');
  const tail = spawn('tail', ['--follow', `--pid=${process.pid}`, '/dev/null'], {
    stdio: ['ignore', fd, 'ignore'],
  });
  tail.unref();
  // Not there at all: the next write tells.
  tail.on('error', () => undefined);
  tail.on('exit', (_code, signal) => {
    if (signal === 'SIGPIPE') onGone();
  });
  process.once('exit', () => tail.kill());
}
