/**
 * FI-47, FI-48: homes that cannot be used, plain terminals, closed pipes, files from other systems; two control planes
 * for one folder, and what a dead one left behind.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { processes, programsOf, until } from './processes.ts';
import { manifestOf } from './repository.ts';
import { PATIENCE_MS } from './scale.ts';
import { BIN } from './server.ts';
import { textsOf } from './truth.ts';
import { inWorld, type Outcome, type World } from './world.ts';

const errorOf = ({ stderr }: Outcome) => JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error;

describe.concurrent('a state folder', () => {
  test('that cannot be made is told, with what to set', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const file = join(world.folder, 'file');
      await writeFile(file, '');
      // Where the system lets nobody make a folder, and says that it is not there.
      const nowhere = process.platform === 'linux' ? [{ AICHOR_HOME: '/proc/no-such-folder' }] : [];
      for (const env of [{ AICHOR_HOME: join(file, 'below') }, homeless(join(file, 'home')), ...nowhere]) {
        const outcome = await world.aichor(['experiments', 'list'], { env });
        expect(outcome.stdout.toString()).toBe('');
        expect(outcome.code, outcome.stderr).toBe(7);
        expect(errorOf(outcome).hint).toContain('AICHOR_HOME');
      }
      const version = await world.aichor(['--version'], { env: homeless(join(file, 'home')) });
      expect(version.code).toBe(0);
    }),
  );

  test('with the traces of one that died serves again, and strangers are left alone', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
      try {
        await (await world.start()).kill();
        const file = join(world.home, 'server.json');
        await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), pid: stranger.pid }));
        const status = await world.aichor(['server', 'status']);
        expect(JSON.parse(status.stdout.toString())).toMatchObject({ running: false, pid: null });
        expect(await world.aichor(['server', 'stop'])).toMatchObject({ code: 0 });
        const list = await world.aichor(['experiments', 'list']);
        expect(list.code, list.stderr).toBe(0);
        expect(await processes.identify(stranger.pid ?? 0)).not.toBeNull();
        const [pid] = await programsOf(world.home);
        expect((await world.client.health()).pid).toBe(pid);
      } finally {
        stranger.kill('SIGKILL');
      }
    }),
  ); // prettier-ignore

  test('whose socket is a stranger’s, or a plain file, serves all the same', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const socket = join(world.home, 'server.sock');
      await writeFile(socket, 'no socket');
      const first = await world.aichor(['experiments', 'list']);
      expect(first.code, first.stderr).toBe(0);
      expect(await world.aichor(['server', 'stop'])).toMatchObject({ code: 0 });
      const closed = createServer().listen(socket);
      await once(closed, 'listening');
      closed.close();
      await writeFile(socket, '');
      const second = await world.aichor(['experiments', 'list']);
      expect(second.code, second.stderr).toBe(0);
    }),
  );

  test('has one control plane, however many commands want it at once', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => world.aichor(['experiments', 'list'])));
      for (const { code, stderr } of outcomes) expect(code, stderr).toBe(0);
      await until(async () => (await programsOf(world.home)).length === 1);
    }),
  ); // prettier-ignore

  test('refuses a second one, which changes nothing', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const server = await world.start();
      const second = await world.start();
      expect(await second.ended).toBeNull();
      const team = await world.aichor(['server', 'start', '--port', '0']);
      expect(team.code, team.stderr).toBe(6);
      expect(team.stdout.toString()).toBe('');
      expect(errorOf(team)).toMatchObject({ code: 'conflict' });
      expect(await world.client.health()).toMatchObject({ pid: server.pid });
    }),
  );
});

describe.concurrent('a plain surrounding', () => {
  test('LANG=C, no HOME, a manifest with CRLF and BOM, names beyond ASCII', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const manifest = manifestOf({ script: '' });
      const pretty = JSON.stringify(JSON.parse(manifest), null, 2).replaceAll('\n', '\r\n');
      const root = await world.repository({
        script: 'cat "größe 🙂.txt"',
        files: { 'aichor_manifests/manifest.yaml': `\uFEFF${pretty}\r\n`, 'größe 🙂.txt': 'äöü\n' },
      });
      const env = { LANG: 'C', LC_ALL: 'C', HOME: undefined, TERM: 'dumb' };
      const validated = await world.aichor(['manifest', 'validate'], { env, cwd: root });
      expect(validated.code, validated.stderr).toBe(0);
      const outcome = await world.aichor(['experiments', 'submit', 'local', '--wait'], { env, cwd: root });
      expect(outcome.code, outcome.stderr).toBe(0);
      const { experiment_id: id } = JSON.parse(outcome.stdout.toString());
      expect(textsOf(await world.lines(id), 'worker-0-0')).toEqual(['äöü']);
    }),
  );

  test('without a terminal nothing is asked', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const root = await world.repository({ script: 'true' });
      const secret = await world.aichor(['experiments', 'submit', 'local', '--secret', 'TOKEN'], {
        cwd: root,
      });
      expect(secret).toMatchObject({ code: 2, stdout: Buffer.alloc(0) });
      expect(secret.stderr).toContain('TOKEN');
      const init = await world.aichor(['local-repo', 'init']);
      expect(init).toMatchObject({ code: 2, stdout: Buffer.alloc(0) });
    }),
  );

  test('a reader that goes away ends the command quietly', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      await world.start();
      const id = await world.submit(await world.upload({ script: 'seq 1 30000; exec sleep 600' }));
      const quiet = { code: 0, stderr: '' };
      expect(await readOnce(world, ['experiments', 'logs', id, '--follow'])).toEqual(quiet);
      const watching = readOnce(world, ['experiments', 'list', '--watch'], async () => void (await world.client.cancel({ ids: [id] })));
      expect(await watching).toEqual(quiet);
      await world.end(id);
    }),
  ); // prettier-ignore
});

function homeless(home: string): NodeJS.ProcessEnv {
  return { AICHOR_HOME: undefined, HOME: home, XDG_DATA_HOME: undefined, XDG_CONFIG_HOME: undefined, XDG_CACHE_HOME: undefined };
} // prettier-ignore

/** Runs a command whose reader leaves after the first bytes; what happens then. */
function readOnce(
  { env, folder: cwd }: World,
  args: string[],
  then: () => Promise<void> = async () => undefined,
): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdout.once('data', () => {
      child.stdout.destroy();
      then().catch(reject);
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stderr }));
  });
}
