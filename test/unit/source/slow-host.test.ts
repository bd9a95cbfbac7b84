/** A host that sends a byte now and then: there is no silence, and still Git ends, in words that say why. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { atPace } from '../../../src/base/io/disk/pace.ts';
import { fetchCommit, headsOf } from '../../../src/source/git.ts';
import { messageOf } from '../../../src/source/remote.ts';

vi.setConfig({ testTimeout: 300_000 });

const env = { ...process.env, AICHOR_GIT_SILENCE: '1', no_proxy: '127.0.0.1', NO_PROXY: '127.0.0.1' };
const SHA = 'a'.repeat(40);
const BEGUN = [
  ...['HTTP/1.1 200 OK', 'content-type: application/x-git-upload-pack-advertisement'],
  ...['transfer-encoding: chunked', '', '1e', '001e# service=git-upload-pack\n', ''],
].join('\r\n');

let server: Server;
let repository: string;
const sockets = new Set<Socket>();
const timers = new Set<NodeJS.Timeout>();
beforeEach(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      // Of what follows a byte comes now and then.
      socket.write(BEGUN);
      timers.add(setInterval(() => socket.write('1\r\n0\r\n'), 100));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  repository = `http://127.0.0.1:${(server.address() as AddressInfo).port}/r.git`;
});
afterEach(() => {
  for (const timer of timers) clearInterval(timer);
  for (const socket of sockets) socket.destroy();
  server.close();
});

const refused = {
  code: 'not_found',
  message: expect.stringContaining('too slow'),
  hint: expect.stringContaining('next to nothing'),
};

it('is given up by everybody who asks it', async () => {
  const directory = join(tmpdir(), `aichor-never-${process.pid}-slow`);
  const wish = { depth: 1, submodules: 'false', includeDotGit: false, directory, env } as const;
  await Promise.all([
    expect(headsOf(repository, { env })).rejects.toMatchObject(refused),
    expect(messageOf(repository, SHA, { env })).rejects.toMatchObject(refused),
    expect(fetchCommit({ ...wish, repository, sha: SHA })).rejects.toMatchObject(refused),
  ]);
  expect((await readdir(tmpdir())).filter((name) => name.startsWith(`aichor-never-${process.pid}-slow`))).toEqual([]);
  expect(spawnSync('pgrep', ['-f', repository]).stdout.toString()).toBe('');
}); // prettier-ignore

it('is left at once by who is told to stop, and nothing goes on asking it', async () => {
  const stopping = new AbortController();
  const asking = headsOf(repository, { env, signal: stopping.signal });
  const programs = () => spawnSync('pgrep', ['-f', repository]).stdout.toString().trim();
  await expect.poll(() => programs().split('\n').length).toBeGreaterThan(1);
  stopping.abort();
  await expect(asking).rejects.toMatchObject({ code: 'interrupted' });
  await expect.poll(programs).toBe('');
});

it('is not one that brings enough, however long it takes', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'aichor-pace-'));
  const pace = { silence: 1, isQuestion: true, directory, signal: undefined };
  const script = 'for i in 1 2 3 4 5 6; do sleep 4; head -c 20000 /dev/zero > "$1/$i"; done';
  const { run } = await import('../../../src/base/io/run.ts');
  const done = await atPace(pace, (signal) => run('sh', ['-c', script, 'sh', directory], { env: process.env, signal }));
  expect(done?.ok).toBe(true);
  await rm(directory, { recursive: true });
}); // prettier-ignore
