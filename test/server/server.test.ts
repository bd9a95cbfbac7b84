import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import {
  PROGRAM,
  countingManifest,
  makeHome,
  ranPods,
  sendSnapshot,
  untilEnded,
  type Home,
} from './process.ts';

let home: Home;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(() => home.remove());

const mode = async (name: string) => (await stat(join(home.path, name))).mode & 0o777;

describe('a state folder', () => {
  test('has one server: of two that start at once, one serves and the other leaves without a word', async () => {
    const [one, two] = await Promise.all([home.start(), home.start()]);
    const [serving, leaving] = one.ready === null ? [two, one] : [one, two];
    expect(serving.ready).not.toBeNull();
    expect(await leaving.ended).toEqual({ code: 0, signal: null });
    expect((await serving.client.health()).pid).toBe(serving.ready?.pid);
  });

  test('that is served is refused to a team’s server', async () => {
    await home.start();
    const team = await home.start({}, ['--port', '0']);
    expect(team.ready).toBeNull();
    expect(await team.ended).toEqual({ code: 6, signal: null });
  });

  test('is private, and so is everything in it', async () => {
    await home.start();
    for (const name of [
      'server.sock',
      'control-plane.sqlite',
      'control-plane.sqlite-wal',
      'server.log',
      'server.json',
    ]) {
      expect([name, await mode(name)]).toEqual([name, 0o600]);
    }
  });

  test('written by a newer program is refused in words', async () => {
    const first = await home.start();
    first.child.kill('SIGTERM');
    await first.ended;
    const { openDatabase } = await import('../../src/server/store/database.ts');
    const database = await openDatabase(join(home.path, 'control-plane.sqlite'), { timeoutMs: 0 });
    database.exec('PRAGMA user_version = 999');
    database.close();
    const second = await home.start();
    expect(second.ready).toBeNull();
    expect((await second.ended).code).toBe(6);
  });
});

describe('a server', () => {
  test('stays when whoever started it has gone before it says that it answers', async () => {
    const child = spawn(process.execPath, [PROGRAM, 'server', 'start', '--embedded'], {
      env: { ...process.env, AICHOR_HOME: home.path },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.destroy();
    const ended = once(child, 'exit');
    const client = createClient({ address: { socketPath: join(home.path, 'server.sock') }, apiKey: null });
    try {
      await expect
        .poll(async () => await client.health().catch(() => null), { timeout: 30_000 })
        .toMatchObject({ pid: child.pid });
      // What it says when it is ready, it says before it answers this.
      expect((await client.server()).pid).toBe(child.pid);
    } finally {
      child.kill('SIGTERM');
    }
    expect(await ended).toEqual([0, null]);
  });

  test('takes the place of one that was killed: its socket, its lock and its file are stale', async () => {
    const first = await home.start();
    first.child.kill('SIGKILL');
    await first.ended;
    expect((await stat(join(home.path, 'server.sock'))).isSocket()).toBe(true);
    const second = await home.start();
    expect((await second.client.health()).pid).toBe(second.ready?.pid);
    expect(JSON.parse(await readFile(join(home.path, 'server.json'), 'utf8')).pid).toBe(second.ready?.pid);
  });

  test('leaves when it has had nothing to do, and takes its files with it', async () => {
    const server = await home.start({ AICHOR_IDLE_SECONDS: '0.1' });
    expect(await server.ended).toEqual({ code: 0, signal: null });
    await expect(stat(join(home.path, 'server.sock'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(stat(join(home.path, 'server.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('does not leave while an experiment lives', async () => {
    const server = await home.start({ AICHOR_IDLE_SECONDS: '0.1' });
    const snapshot = await sendSnapshot(server.client, {
      'manifest.yaml': countingManifest(1),
      Dockerfile: 'FROM python:3.12\n',
    });
    await server.client.submit({
      source: { kind: 'local', snapshot },
      shell: { PATH: process.env['PATH'] ?? '' },
    });
    expect(await server.ended).toEqual({ code: 0, signal: null });
    const after = await home.start();
    expect((await after.client.get('latest')).status).toBe('Succeeded');
  });

  test('that is told to stop leaves what runs alone, and the next one finds its end', async () => {
    const first = await home.start();
    const snapshot = await sendSnapshot(first.client, {
      'manifest.yaml': countingManifest(1),
      Dockerfile: 'FROM python:3.12\n',
    });
    const { experiment_id: id } = await first.client.submit({
      source: { kind: 'local', snapshot },
      shell: { PATH: process.env['PATH'] ?? '' },
    });
    for await (const chunk of await first.client.watch({ id: [id] }))
      if (String(chunk).includes('"Running"')) break;
    await first.client.stopServer();
    expect(await first.ended).toEqual({ code: 0, signal: null });
    const second = await home.start();
    const record = await untilEnded(second.client, id);
    expect(record.status).toBe('Succeeded');
    expect(await ranPods(record)).toEqual(['worker-0-0', 'worker-1-0']);
  });

  test('that is killed again and again still brings a cancel to its end', async () => {
    let server = await home.start();
    const snapshot = await sendSnapshot(server.client, {
      'manifest.yaml': countingManifest(600),
      Dockerfile: 'FROM python:3.12\n',
    });
    const { experiment_id: id } = await server.client.submit({
      source: { kind: 'local', snapshot },
      shell: { PATH: process.env['PATH'] ?? '' },
    });
    for await (const chunk of await server.client.watch({ id: [id] }))
      if (String(chunk).includes('"Running"')) break;
    await server.client.cancel({ ids: [id] });
    for (let time = 0; time < 2; time++) {
      server.child.kill('SIGKILL');
      await server.ended;
      server = await home.start();
    }
    const record = await untilEnded(server.client, id);
    expect(record).toMatchObject({ status: 'Cancelled', reason: 'CancelledByUser' });
  });

  test('for a team demands a key on its port, and says where it is', async () => {
    const server = await home.start({}, ['--port', '0']);
    const { address = '', key_file = '' } = { ...server.ready } as { address?: string; key_file?: string };
    expect(await mode('server-key')).toBe(0o600);
    const stranger = createClient({ address: { url: address }, apiKey: null });
    await expect(stranger.list({})).rejects.toMatchObject({ code: 'unauthenticated' });
    const friend = createClient({
      address: { url: address },
      apiKey: (await readFile(key_file, 'utf8')).trim(),
    });
    expect((await friend.list({})).experiments).toEqual([]);
    expect((await server.client.list({})).experiments).toEqual([]);
  });

  test('says that a port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const place = other.address();
    try {
      const server = await home.start({}, [
        '--port',
        String(typeof place === 'object' && place ? place.port : 0),
      ]);
      expect(await server.ended).toEqual({ code: 6, signal: null });
    } finally {
      other.close();
    }
  });
});
