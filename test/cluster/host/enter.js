import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Runs a command in the cluster's network, mounts and processes; its exit code. */
export function enter(state, command) {
  const first = readFileSync(join(state, 'first-process'), 'utf8').trim();
  const env = {
    ...process.env,
    KUBECONFIG: join(state, 'kubeconfig.inside'),
    PATH: `${join(state, 'bin')}:${process.env.PATH}`,
  };
  const into = ['--target', first, '--net', '--mount', '--pid', `--wd=${process.cwd()}`, '--', ...command];
  const { status, error } = spawnSync('nsenter', into, { env, stdio: 'inherit' });
  if (error) throw error;
  return status ?? 1;
}
