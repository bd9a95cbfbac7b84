import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findEntrance } from '../../src/engines/local/mounts/enter.ts';
import { installPrograms } from '../../src/engines/local/pod/shim.ts';

const entrance = await findEntrance(process.env, userInfo());

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-shim-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe.runIf(entrance)('a pod that has ended where nothing can be written', () => {
  test('waits for room without keeping a processor busy', { timeout: 60_000 }, async () => {
    const { shim } = await installPrograms(folder);
    const base = join(folder, 'pod');
    const asUser = entrance?.user === null ? [] : ['--map-root-user'];
    const run = [
      'sh',
      shim,
      base,
      'pod',
      'proc',
      'boot',
      'pod-0',
      'given',
      'sh',
      '-c',
      `until [ -e '${folder}/go' ]; do sleep 0.1; done; exit 3`,
    ];
    // Neither can be written: both are folders.
    await mkdir(`${base}.exit`);
    const pod = spawn('unshare', [...asUser, '--pid', '--uts', ...run], { detached: true, stdio: 'ignore' });
    const ended = once(pod, 'exit');
    await vi.waitFor(() => expect(existsSync(`${base}.pid`)).toBe(true), { timeout: 20_000 });
    await symlink(`${base}.exit`, `${base}.other`);
    await rename(`${base}.other`, `${base}.pid`);
    await writeFile(join(folder, 'go'), '');
    const waiting = async () =>
      (await readFile(`/proc/${pod.pid}/stat`, 'utf8')).replace(/^\d+ /, '').slice(0, 8);
    await vi.waitFor(async () => expect(await waiting()).toBe('(bash) S'), { timeout: 30_000 });
    await rm(`${base}.exit`, { recursive: true });
    await ended;
    expect(await readFile(`${base}.exit`, 'utf8')).toBe('3\n');
  });
});
