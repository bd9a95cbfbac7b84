import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/server/store/database.ts';
import { makeHome, PROGRAM, type Home } from './process.ts';

let home: Home;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(() => home.remove());

/** The built program on that home, as in a pipe. */
function aichor(
  ...args: string[]
): Promise<{ code: number; out: string; error: Record<string, unknown> | null }> {
  const env = { ...process.env, AICHOR_HOME: home.path };
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], { env }, (failure, out, told) => {
      const code = failure === null ? 0 : Number(failure.code);
      resolve({ code, out, error: told.startsWith('{"error"') ? JSON.parse(told).error : null });
    });
  });
}

describe('a server that is stopped, or wedged', () => {
  test('is told by its pid, with the cure, and the cure works', async () => {
    const server = await home.start();
    const pid = server.ready?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    for (const command of [
      ['experiments', 'list'],
      ['server', 'status'],
      ['server', 'stop'],
    ]) {
      const { code, error } = await aichor(...command);
      expect(code).toBe(7);
      expect(error).toMatchObject({
        code: 'server_unreachable',
        message: `the control plane (pid ${pid}) does not answer`,
        hint: expect.stringContaining('aichor server stop --force'),
      });
    }
    const { code, out } = await aichor('server', 'stop', '--force');
    expect([code, JSON.parse(out).running]).toEqual([0, false]);
    expect(await server.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect((await aichor('server', 'status')).out).toContain('"running":false');
  }, 120_000);

  test('is not what somebody else is who has its number now', async () => {
    const server = await home.start();
    server.child.kill('SIGKILL');
    await server.ended;
    const file = { pid: process.pid, version: '0', address: 'unix:/nowhere' };
    await writeFile(join(home.path, 'server.json'), JSON.stringify(file));
    expect((await aichor('server', 'stop', '--force')).code).toBe(0);
  });
});

test('a server that cannot start is told in its own words, with code and hint', async () => {
  const server = await home.start();
  server.child.kill('SIGTERM');
  await server.ended;
  const database = await openDatabase(join(home.path, 'control-plane.sqlite'), { timeoutMs: 1000 });
  database.exec('PRAGMA user_version = 999');
  database.close();
  const { code, error } = await aichor('experiments', 'list');
  expect(code).toBe(6);
  expect(error).toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('was written by a newer aichor'),
    hint: expect.stringContaining('update aichor'),
  });
});
