import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { ExecRequest, ExecSession } from '../../engine.ts';

/** What a program that runs a command (`program.ts`) is to whoever looks in. */
export function sessionOf(child: ChildProcess, { stdin, terminal }: ExecRequest): ExecSession {
  const [input, stdout, stderr, control, status] = child.stdio;
  if (!stdout || !stderr || !control || !status) throw new TypeError('a program without its streams');
  const orders = control as Writable;
  // It may be gone before it is told something.
  orders.on('error', () => undefined);
  input?.on('error', () => undefined);
  if (terminal !== null) (stderr as Readable).resume();
  return {
    stdin: stdin ? input : null,
    stdout: stdout as Readable,
    stderr: terminal === null ? (stderr as Readable) : null,
    ended: endOf(child, status as Readable),
    resize({ columns, rows }) {
      if (orders.writable) orders.write(`size ${columns} ${rows}\n`);
    },
    end() {
      orders.destroy();
      // The command shall hang up, not break at its next word: what it prints is taken until the program has ended it.
      child.once('exit', () => [input, stdout, stderr].forEach((stream) => stream?.destroy()));
    },
  };
}

/** The code of SIGKILL: whatever ends the pod ends it. */
const KILLED = 137;

async function endOf(child: ChildProcess, status: Readable): Promise<number> {
  let told = '';
  status.on('data', (chunk) => (told += String(chunk)));
  await new Promise<void>((resolve) => status.once('close', resolve));
  const code = /^(\d+)\n$/.exec(told)?.[1];
  if (code === undefined) return KILLED;
  child.unref();
  return Number(code);
}
