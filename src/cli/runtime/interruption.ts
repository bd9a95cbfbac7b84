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
  watchReader: (onGone: () => void) => void,
): AbortSignal {
  const controller = new AbortController();
  watchOutput(process, controller);
  watchReader(() => controller.abort(closed()));
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort(new AichorError('interrupted', 'interrupted'));
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);
  return controller.signal;
}

function closed(): OutputClosed {
  return new OutputClosed('nobody reads the output any more');
}

/** oclif swallows EPIPE and goes on, so `… --follow | head` would follow for ever. */
function watchOutput(process: Interruptible, controller: AbortController): void {
  process.stdout.on('error', (error) => {
    if (systemErrorCode(error) !== 'EPIPE') throw error;
    controller.abort(closed());
  });
  process.stderr.on('error', (error) => {
    if (systemErrorCode(error) !== 'EPIPE') throw error;
  });
}
