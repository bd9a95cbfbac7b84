import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isAbsent } from '../../../src/base/io/files-sync.ts';
import { start } from '../../../src/base/io/start.ts';
import { systemErrorCode } from '../../../src/errors.ts';

it('gives a program that runs, with the environment that was given and no other', async () => {
  const program = 'console.log(Object.keys(process.env).join()); process.stdin.resume()';
  const child = await start(process.execPath, ['-e', program], { env: { ONLY: 'x' } });
  expect(child.pid).toBeGreaterThan(0);
  const [printed] = await once(child.stdout ?? child, 'data');
  expect(String(printed)).toBe('ONLY\n');
  child.stdin?.end();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it.each([
  ['no such program', 'no-such-program', {}, 'ENOENT'],
  ['no such folder', process.execPath, { cwd: '/no/such/folder' }, 'ENOENT'],
])('%s is an error, and what is absent', async (_what, program, options, code) => {
  const failed = await start(program, [], { env: { PATH: '/usr/bin' }, ...options }).catch(
    (error: unknown) => error,
  );
  expect([systemErrorCode(failed), isAbsent(failed)]).toEqual([code, true]);
});

it('what may not be run is another error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-start-'));
  await writeFile(join(folder, 'text'), 'not a program', { mode: 0o600 });
  await expect(start(join(folder, 'text'), [], { env: {} })).rejects.toMatchObject({ code: 'EACCES' });
  await rm(folder, { recursive: true });
});
