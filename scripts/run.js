import { spawn } from 'node:child_process';
import { join } from 'node:path';

/**
 * Runs a program to its end, its output on ours unless said otherwise. Ctrl-C reaches it by the terminal, so it is left to end by itself.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{cwd: string, env?: NodeJS.ProcessEnv, stdio?: import('node:child_process').StdioOptions}} options
 * @returns {Promise<number>} its exit code; 130 when Ctrl-C ended it
 */
export function run(command, args, { cwd, env = process.env, stdio = 'inherit' }) {
  const ignore = () => {};
  process.on('SIGINT', ignore);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGINT', ignore);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1));
    });
  });
}

/** A package's program, with this Node: `tool(root, 'vitest/vitest.mjs', ['run'])`. */
export function tool(root, file, args, env = process.env) {
  return run(process.execPath, [join(root, 'node_modules', file), ...args], { cwd: root, env });
}
