import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containerGround } from '../../../src/engines/local/container/ground.ts';

/** An image of one static program, which is a shell and all that these tests call. */
export const BASE = 'localhost/aichor-test/base:1';

const BUSYBOX = '/bin/busybox';

export function podman(...words: string[]): string {
  return execFileSync('podman', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

/** Whether this machine lets anybody make what containers are made of: a job of a CI that is in one itself, without rights, may not. */
export function mayContain(): boolean {
  return spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'true']).status === 0;
}

/** Why no container can be run here; null: they can, and `BASE` is there. */
export async function findMissing(): Promise<string | null> {
  if (spawnSync('podman', ['version']).error !== undefined) return 'there is no podman';
  if (!existsSync(BUSYBOX)) return `there is no ${BUSYBOX} (busybox-static)`;
  const folder = mkdtempSync(join(tmpdir(), 'aichor-base-'));
  try {
    mkdirSync(join(folder, 'bin'));
    copyFileSync(BUSYBOX, join(folder, 'bin', 'busybox'));
    const names = execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).trim().split('\n');
    for (const name of names) if (name !== 'busybox') symlinkSync('busybox', join(folder, 'bin', name));
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY bin /bin\n');
    podman('build', '--quiet', '--tag', BASE, folder);
    const { ulimits } = await containerGround({ kind: 'podman' });
    const limits = ulimits.map((limit) => `--ulimit=${limit}`);
    const ran = spawnSync('podman', ['run', '--rm', ...limits, '--memory=64m', BASE, 'true'], {
      encoding: 'utf8',
    });
    return ran.status === 0 ? null : `podman runs no container: ${ran.stderr.trim().split('\n').at(-1)}`;
  } catch (error) {
    return `podman builds no image: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
