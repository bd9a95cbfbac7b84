import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
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
    // Long enough for a busy machine to submit in; what is submitted takes longer.
    const server = await home.start({ AICHOR_IDLE_SECONDS: '3' });
    const snapshot = await sendSnapshot(server.client, {
      'manifest.yaml': countingManifest(5),
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

  test('closes files of keys that others could read, and says so', async () => {
    const open = ['server-key', 'credentials.json', 'keys.json'];
    await writeFile(join(home.path, 'server-key'), 'a-key-of-long-ago\n');
    await writeFile(join(home.path, 'credentials.json'), '{}');
    await writeFile(join(home.path, 'keys.json'), '{"keys": []}');
    for (const name of open) await chmod(join(home.path, name), 0o644);
    await home.start({}, ['--port', '0']);
    const said = await readFile(join(home.path, 'server.log'), 'utf8');
    for (const name of open) {
      expect([name, await mode(name)]).toEqual([name, 0o600]);
      expect(said).toContain(`others could read ${join(home.path, name)}`);
    }
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

describe('a team’s server whose addresses cannot be', () => {
  test.each([
    { AICHOR_LINKS_URL: 'http://127.0.0.1:9' },
    { AICHOR_PUBLIC_URL: 'aichor.example.com' },
    { AICHOR_PUBLIC_URL: 'https://aichor.example.com', AICHOR_LINKS_URL: 'https://aichor.example.com:8443' },
  ])('says so and leaves as it should: %j', async (env) => {
    const server = await home.start(env, ['--port', '0']);
    expect(await server.ended).toEqual({ code: 2, signal: null });
    expect(server.ready).toBeNull();
    // It has put down what it held: the next one has the folder.
    expect((await home.start({}, ['--port', '0'])).ready).not.toBeNull();
  });
});

describe('a team’s server that is told to leave', () => {
  const manifest = (command: string) => countingManifest(0).replace(/command: .*/, `command: '${command}'`);

  async function submitted(server: Awaited<ReturnType<Home['start']>>, command: string): Promise<string> {
    const files = { 'manifest.yaml': manifest(command), Dockerfile: 'FROM python:3.12\n' };
    const snapshot = await sendSnapshot(server.client, files);
    const shell = { PATH: process.env['PATH'] ?? '' };
    const { experiment_id } = await server.client.submit({ source: { kind: 'local', snapshot }, shell });
    return experiment_id;
  }

  test('lets those finish who read what has an end, and says good-bye to those who follow', async () => {
    const server = await home.start({}, ['--port', '0']);
    const id = await submitted(server, 'head -c 60000000 /dev/zero > "$AICHOR_OUTPUT_PATH/zeros"; echo bye');
    await untilEnded(server.client, id);
    const key = (await readFile(join(home.path, 'server-key'), 'utf8')).trim();
    const ask = (path: string) =>
      fetch(`${server.ready?.address}${path}`, { headers: { authorization: `Bearer ${key}` } });
    const file = await ask(`/v1/storage/file?experiment=${id}&path=zeros`);
    expect(file.status).toBe(200);
    const reader = file.body?.getReader();
    let bytes = (await reader?.read())?.value?.length ?? 0;
    const follower = await ask('/v1/events?follow=true');
    const lines = follower.body?.getReader();
    await lines?.read();
    server.child.kill('SIGTERM');
    // Nobody follows any longer once it leaves, and whoever is told so knows that it was not the end.
    await expect(
      (async () => {
        for (let next = await lines?.read(); next?.done === false; next = await lines?.read());
      })(),
    ).rejects.toThrow();
    await expect(ask('/healthz')).rejects.toThrow();
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read())
      bytes += next.value.length;
    expect(bytes).toBe(60_000_000);
    expect(await server.ended).toEqual({ code: 0, signal: null });
  }, 60_000);

  test('gives those who follow all that was printed, and what comes later is there from the next one', async () => {
    const first = await home.start({}, ['--port', '0']);
    const id = await submitted(
      first,
      'seq 20000; while ! test -e "$AICHOR_OUTPUT_PATH/go"; do sleep 0.1; done; seq 20001 20010',
    );
    const record = await first.client.get(id);
    const texts: string[] = [];
    let after = 0;
    const take = async (server: typeof first) => {
      let rest = '';
      try {
        for await (const chunk of await server.client.logs(id, {
          pod: 'worker-0-0',
          follow: 'true',
          after: String(after),
        })) {
          const parts = (rest + String(chunk)).split('\n');
          rest = parts.pop() ?? '';
          for (const part of parts.filter((line) => line !== '')) {
            const { text, sequence, step } = JSON.parse(part);
            after = sequence;
            if (step === 'run') texts.push(text);
            if (text === '20000') first.child.kill('SIGTERM');
          }
        }
        return 'whole';
      } catch {
        return 'cut';
      }
    };
    expect(await take(first)).toBe('cut');
    expect(await first.ended).toEqual({ code: 0, signal: null });
    await writeFile(join(record.paths.output, 'go'), '');
    const second = await home.start({}, ['--port', '0']);
    expect(await take(second)).toBe('whole');
    expect(texts).toEqual(Array.from({ length: 20_010 }, (_, at) => String(at + 1)));
  }, 60_000);
});
