import type { ExecStartInput } from '../../api/exec-contract.ts';
import { openExec, type ExecConnection } from '../../client/exec/exec.ts';
import type { Target } from '../../client/http.ts';
import { AichorError } from '../../errors.ts';

/** The streams of this process. */
interface Streams {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  env: NodeJS.ProcessEnv;
  writeOut(bytes: Buffer): Promise<void>;
  writeError(bytes: Buffer): Promise<void>;
}

interface Inside {
  target: Target;
  experimentId: string;
  pod: string;
  command: readonly string[];
  /** Feed it what this process reads. */
  stdin: boolean;
  /** Give it this process's terminal. */
  terminal: boolean;
  signal: AbortSignal;
}

/** Size of a terminal that does not say. */
const USUAL = { columns: 80, rows: 24 };

/** Runs a command in a pod with this process's streams. Returns its exit code. Throws AichorError. */
export async function runInPod(inside: Inside, streams: Streams): Promise<number> {
  const { stdin, terminal, command, signal } = inside;
  const size = () => ({
    columns: streams.stdout.columns || USUAL.columns,
    rows: streams.stdout.rows || USUAL.rows,
  });
  const start: ExecStartInput = {
    command: [...command],
    stdin,
    terminal: terminal ? { ...size(), term: termOf(streams.env['TERM']) } : null,
  };
  const connection = await openExec(inside.target, {
    ...inside,
    start,
    onOutput: (stream, bytes) => (stream === 'stdout' ? streams.writeOut(bytes) : streams.writeError(bytes)),
    signal,
  });
  const stops = [
    ...(terminal
      ? [takeTerminal(streams.stdin), watchSize(streams.stdout, () => connection.resize(size()))]
      : []),
    ...(stdin ? [feed(connection, streams.stdin)] : []),
  ];
  try {
    return await connection.ended;
  } finally {
    for (const stop of stops.toReversed()) stop();
  }
}

/** A pod's programs know the usual names. */
function termOf(name: string | undefined): string {
  return name !== undefined && /^[\w.+-]{1,64}$/.test(name) ? name : 'xterm';
}

/** Every key goes to the pod, Ctrl-C too. Returns what gives the terminal back. */
function takeTerminal(stdin: NodeJS.ReadStream): () => void {
  stdin.setRawMode(true);
  const giveBack = () => void stdin.setRawMode(false);
  process.once('exit', giveBack);
  return () => {
    process.off('exit', giveBack);
    giveBack();
  };
}

function watchSize(stdout: NodeJS.WriteStream, changed: () => void): () => void {
  stdout.on('resize', changed);
  return () => stdout.off('resize', changed);
}

/** What is read goes to the command, as fast as that takes it. Returns what ends it, whatever is still to be read. */
function feed(connection: ExecConnection, stdin: NodeJS.ReadStream): () => void {
  let stopped = false;
  let written: Promise<void> = Promise.resolve();
  const take = (chunk: Buffer) => {
    stdin.pause();
    written = written.then(() => connection.write(chunk));
    void written.then(() => {
      if (!stopped) stdin.resume();
    });
  };
  // The last of it may still wait for room: a stream that is paused ends all the same.
  const close = () => void written.then(connection.close);
  stdin.on('data', take);
  stdin.once('end', close);
  // A terminal that is hung up.
  stdin.on('error', close);
  return () => {
    stopped = true;
    stdin.off('data', take);
    stdin.pause();
    // Else this process would wait for who feeds it.
    if (!stdin.isTTY) stdin.destroy();
    stdin.unref?.();
  };
}

/** The words behind `--`, which are taken away from the line. Throws AichorError `usage` when there are none. */
export function commandBehind(argv: string[], example: string): string[] {
  const at = argv.indexOf('--');
  const [, ...words] = at === -1 ? [] : argv.splice(at);
  if (words.length > 0) return words;
  throw new AichorError('usage', 'no command was given', { hint: `it stands behind --: ${example}` });
}
