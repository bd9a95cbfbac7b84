import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';

/** Long enough for the largest build on a busy machine; a registry that hangs is not waited for forever. */
const LIMIT_MS = 40 * 60_000;
const SHOWN_LINES = 20;

/**
 * Programs of one step, one after the other, their output in one log.
 *
 * @param {string} log path
 * @returns what runs a program to its end and gives its standard output; throws with the log's last lines when it fails
 */
export function commandsInto(log) {
  return async function command(program, args, { cwd, env = process.env } = {}) {
    const output = createWriteStream(log, { flags: 'a' });
    output.write(`+ ${program} ${args.join(' ')}\n`);
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    const ended = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve(signal ?? code));
    });
    output.end();
    await finished(output);
    if (ended !== 0) throw new Error(`${program} ended with ${ended}; ${log} ends with\n${await tail(log)}`);
    return stdout;
  };
}

/** The last lines of a log. @param {string} file */
export async function tail(file) {
  const text = await readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
}
