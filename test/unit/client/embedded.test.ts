import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findEmbedded, startEmbedded } from '../../../src/client/embedded.ts';
import { isNewer } from '../../../src/client/other-version.ts';
import { assumeEmbedded } from '../../../src/client/server-file.ts';
import { sendForJson } from '../../../src/client/http.ts';
import { stateFolder } from '../../../src/machine/state-folder.ts';

const entry = fileURLToPath(new URL('../../fixtures/tiny-server.mjs', import.meta.url));
const signal = new AbortController().signal;

let home: string;
let notices: string[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'aichor-embedded-'));
  notices = [];
});
afterEach(async () => {
  const address = await findEmbedded(options(), signal);
  if (address) {
    const { pid } = await health(address);
    await sendForJson({ address, apiKey: null }, { method: 'POST', path: '/server/stop', json: {} });
    // It tidies up in the folder, too.
    await vi.waitUntil(() => !isThere(pid), { timeout: 20_000 });
  }
  rmSync(home, { recursive: true, force: true });
});

function options(more: Record<string, string> = {}) {
  const env = { ...process.env, AICHOR_HOME: home, TINY_SERVER: 'serve', ...more };
  return {
    folder: stateFolder(env),
    env,
    version: '1.0.0',
    entry,
    notice: (message: string) => notices.push(message),
    signal,
  };
}

const starts = () => readFileSync(join(home, 'starts'), 'utf8').trim().split('\n');
const health = async (address: { socketPath: string } | { url: string }) =>
  sendForJson<{ version: string; pid: number }>(
    { address, apiKey: null },
    { method: 'GET', path: '/health' },
  );

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the embedded server', () => {
  it('is started when none runs, in the state folder, and found afterwards', async () => {
    expect(await findEmbedded(options(), signal)).toBeNull();
    expect(assumeEmbedded(options())).toBeNull();
    const address = await startEmbedded(options({ AICHOR_HOME: home }));
    expect(address).toEqual({ socketPath: join(home, 'server.sock'), dataFolder: home });
    expect(starts()).toEqual([`server start --embedded cwd=${home}`]);
    expect(await findEmbedded(options(), signal)).toEqual(address);
    expect(assumeEmbedded(options())).toEqual(address);
    await startEmbedded(options());
    expect(starts()).toHaveLength(1);
  });

  it('is one, however many start it at the same moment', async () => {
    const addresses = await Promise.all(Array.from({ length: 4 }, () => startEmbedded(options())));
    const pids = await Promise.all(addresses.map(async (address) => (await health(address)).pid));
    expect(new Set(pids).size).toBe(1);
  });

  it('that cannot start is told with its last words and its log', async () => {
    await expect(startEmbedded(options({ TINY_SERVER: 'fail' }))).rejects.toMatchObject({
      code: 'server_unreachable',
      message: expect.stringMatching(/ended with code 3[^]*the disk is on fire/),
      hint: expect.stringContaining(join(home, 'server.log')),
    });
  });

  it.each([
    [1, 'answers'],
    [3, 'answers'],
    [4, 'was killed'],
  ])('that is killed %d times while it starts %s', async (times, end) => {
    const started = startEmbedded(options({ TINY_SERVER: `killed ${times}` }));
    const told = await started.then(
      () => 'answers',
      (error: Error) => error.message,
    );
    expect(told).toContain(end);
    expect(starts()).toHaveLength(Math.min(times + 1, 4));
  });

  it('of another version is replaced when nothing runs', async () => {
    const old = await health(await startEmbedded(options({ TINY_VERSION: '0.9.0' })));
    expect(assumeEmbedded(options())).toBeNull();
    const next = await health(await startEmbedded(options()));
    expect(next.version).toBe('1.0.0');
    expect(next.pid).not.toBe(old.pid);
    expect(notices).toEqual([]);
  });

  it('of another version stays while experiments run, which is said', async () => {
    const old = await health(await startEmbedded(options({ TINY_VERSION: '0.9.0', TINY_LIVE: '2' })));
    expect((await health(await startEmbedded(options()))).pid).toBe(old.pid);
    expect(notices).toEqual([expect.stringMatching(/still version 0\.9\.0.*2 experiments run/)]);
  });

  it.each(['0', '2'])(
    'of a newer version stays, whether or not anything runs (%s), which is said',
    async (live) => {
      const newer = await health(await startEmbedded(options({ TINY_VERSION: '1.1.0', TINY_LIVE: live })));
      expect((await health(await startEmbedded(options()))).pid).toBe(newer.pid);
      expect(starts()).toHaveLength(1);
      expect(notices).toEqual([
        expect.stringMatching(/version 1\.1\.0.*\(1\.0\.0\).*install aichor 1\.1\.0/),
      ]);
    },
  );

  it.each([
    ['1.0.1', '1.0.0', true],
    ['1.10.0', '1.9.0', true],
    ['1.0.0', '1.0.0-rc.1', true],
    ['1.0.0-rc.10', '1.0.0-rc.9', true],
    ['2.0.0-rc.1', '1.9.9', true],
    ['1.0.0', '1.0.0', false],
    ['1.0.0+build', '1.0.0', false],
    ['1.0.0-rc.1', '1.0.0', false],
    ['0.9.9', '1.0.0', false],
    ['newest', '1.0.0', false],
  ])('of version %s beside %s: newer is %s', (theirs, ours, expected) => {
    expect(isNewer(theirs, ours)).toBe(expected);
  });

  it('is not believed in for a file that is not whole', async () => {
    writeFileSync(join(home, 'server.json'), '{"pid": 1, "vers');
    expect(assumeEmbedded(options())).toBeNull();
  });
});
