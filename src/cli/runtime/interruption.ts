import { fstatSync } from 'node:fs';
import { setMaxListeners } from 'node:events';
import { AichorError, systemErrorCode } from '../../errors.ts';

/** Why a command's signal was aborted: the user wants it to end, or nobody reads its output any more. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/** The process as this module needs it, so that tests can bring their own. */
export interface Interruptible {
  on(event: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): unknown;
  exit(code: number): unknown;
  stdout: { on(event: 'error', listener: (error: unknown) => void): unknown };
  stderr: { on(event: 'error', listener: (error: unknown) => void): unknown };
}

const INTERRUPTED = 130;

/**
 * A signal that is aborted by Ctrl-C (a second one ends the process at once) and by a closed stdout: when a write
 * tells it, or `watchReader` calls back before.
 */
export function watchInterruption(
  process: Interruptible,
  watchOutputReader: (onGone: () => void) => void,
): AbortSignal {
  const controller = new AbortController();
  // Every request listens to it, and a command may make hundreds at a time: that is no leak to warn of.
  setMaxListeners(0, controller.signal);
  watchOutput(process, controller);
  watchOutputReader(() => controller.abort(closed()));
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort(new AichorError('interrupted', 'interrupted'));
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);
  return controller.signal;
}

function closed(): OutputClosed {
  return new OutputClosed('the output is no longer read');
}

/** Why a command ends that cannot write its output: nobody reads it, or where it goes to takes no more. */
export function outputLost(error: unknown): Error {
  const code = systemErrorCode(error);
  if (code === 'EPIPE') return closed();
  return new AichorError('usage', `the output cannot be written (${code ?? String(error)})`, {
    hint: 'free space on the disk that it goes to, or send it elsewhere',
    cause: error,
  });
}

/** A command whose output is lost ends: `… --follow | head` would follow for ever. Of what is said beside it nobody can be told. */
function watchOutput(process: Interruptible, controller: AbortController): void {
  process.stdout.on('error', (error) => controller.abort(outputLost(error)));
  process.stderr.on('error', () => undefined);
}

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
  const { startChild } = await import('../../base/io/start.ts');
  const tail = startChild('tail', ['--follow', `--pid=${process.pid}`, '/dev/null'], {
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
