import { systemErrorCode } from '../../errors.ts';
import { isAbsent, isThereSync } from './files-sync.ts';

export interface RunOptions {
  /** The program's environment, all of it. */
  env: Readonly<Record<string, string | undefined>>;
  /** Where it runs; here unless said. */
  cwd?: string | undefined;
  /** What it reads; nothing unless said. */
  input?: string | Uint8Array;
  signal?: AbortSignal | undefined;
  /** Until it is told to end (and killed five seconds later). */
  timeoutMs?: number;
  /** It leads a group of its own, and what it has started ends with it when the signal is aborted, or this process ends. */
  withAllItStarts?: boolean;
  /** Bytes that it may print, on each of its streams; 64 MiB unless said. */
  mostBytes?: number;
}

/** How a program ended that was run. */
export interface RunResult {
  /** It ended with 0, in time. */
  ok: boolean;
  /** Null: it did not run, or was ended by a signal. */
  exitCode: number | null;
  /** Without the newline at its end. */
  stdout: string;
  stderr: string;
  /** Why it did not run, or not to its end: no program of that name, no such folder, too slow, too much output, another reason. */
  trouble: null | 'absent' | 'folder_absent' | 'late' | 'too_much' | 'other';
  /** What went wrong, in one line that quotes the program's name but not its arguments; empty when `ok`. */
  why: string;
  /** The system's error, when it could not be started. */
  cause: unknown;
}

/**
 * Runs a program without a shell and waits for its end. That it fails, or is not there, is a result.
 *
 * @param words what follows the program's name
 * @throws the signal's reason, when it was aborted: the program has ended then
 */
export async function run(
  program: string,
  words: readonly string[],
  { env, cwd, input, signal, timeoutMs, withAllItStarts = false, mostBytes = 64 << 20 }: RunOptions,
): Promise<RunResult> {
  signal?.throwIfAborted();
  // Loaded when something is run for the first time: it takes longer than all else that a command loads.
  const { execa } = await import('execa');
  const running = execa(program, words, {
    env: { ...env },
    extendEnv: false,
    reject: false,
    maxBuffer: mostBytes,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    detached: withAllItStarts,
    ...(cwd !== undefined && { cwd }),
    ...(signal && { cancelSignal: signal }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
  });
  const release = withAllItStarts ? endAllWith(running.pid, signal) : () => undefined;
  const result = await running.finally(release);
  if (signal?.aborted && result.isCanceled) throw signal.reason;
  return {
    ok: !result.failed,
    exitCode: result.exitCode ?? null,
    stdout: text(result.stdout),
    stderr: text(result.stderr),
    ...endOf(program, result, { timeoutMs, cwd }),
  };
}

const KILLED_AFTER_MS = 5000;

/** Ends a group when the signal is aborted, or this process ends. Returns what lets go of it. */
function endAllWith(leader: number | undefined, signal: AbortSignal | undefined): () => void {
  if (leader === undefined) return () => undefined;
  let killing: NodeJS.Timeout | undefined;
  const end = (how: NodeJS.Signals) => {
    try {
      process.kill(-leader, how);
    } catch {
      // Nothing is left of it.
    }
  };
  const onExit = () => end('SIGKILL');
  const onAbort = () => {
    end('SIGTERM');
    killing = setTimeout(end, KILLED_AFTER_MS, 'SIGKILL');
  };
  process.once('exit', onExit);
  signal?.addEventListener('abort', onAbort, { once: true });
  return () => {
    clearTimeout(killing);
    process.off('exit', onExit);
    signal?.removeEventListener('abort', onAbort);
  };
}

interface Ended {
  failed: boolean;
  timedOut: boolean;
  isMaxBuffer: boolean;
  exitCode?: number | undefined;
  signal?: string | undefined;
  cause?: unknown;
}

function endOf(
  program: string,
  { failed, timedOut, isMaxBuffer, exitCode, signal, cause }: Ended,
  { timeoutMs = 0, cwd }: { timeoutMs: number | undefined; cwd: string | undefined },
): Pick<RunResult, 'trouble' | 'why' | 'cause'> {
  const ended = (trouble: RunResult['trouble'], why: string) => ({ trouble, why, cause });
  if (!failed) return ended(null, '');
  if (timedOut) return ended('late', `${program} took more than ${timeoutMs / 1000} s`);
  if (isMaxBuffer) return ended('too_much', `${program} printed too much`);
  if (exitCode !== undefined) return ended(null, `${program} ended with code ${exitCode}`);
  if (signal !== undefined) return ended(null, `${program} was ended by ${signal}`);
  if (!isAbsent(cause))
    return ended('other', `${program} cannot be run (${systemErrorCode(cause) ?? String(cause)})`);
  if (cwd !== undefined && !isThereSync(cwd)) return ended('folder_absent', `there is no folder ${cwd}`);
  return ended('absent', `there is no program ${program}`);
}

function text(output: unknown): string {
  return typeof output === 'string' ? output : '';
}
