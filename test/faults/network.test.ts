/**
 * FI-9, FI-12: the answer to a change is lost after the control plane made it; files change while they are sent.
 */
import { execFileSync } from 'node:child_process';
import { appendFile, cp, mkdir, rm, symlink, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startProxy, NONE, type Asked, type Fault } from './proxy.ts';
import { PATIENCE_MS } from './scale.ts';
import { inWorld, type Outcome, type World } from './world.ts';

const QUICK = { script: 'echo hello', files: { 'data.bin': Buffer.alloc(300_000, 'data ') } };

/** Runs a command that reaches the control plane through a socket where this happens to its requests. */
async function through(
  world: World,
  args: readonly string[],
  faultOf: (asked: Asked) => Fault,
  ctrlC?: AbortSignal,
): Promise<Outcome> {
  const home = join(world.folder, 'p');
  await mkdir(home, { recursive: true });
  await cp(join(world.home, 'server.json'), join(home, 'server.json'));
  const socket = join(home, 'server.sock');
  await rm(socket, { force: true });
  const proxy = await startProxy(join(world.home, 'server.sock'), socket, faultOf);
  try {
    return await world.aichor(args, { env: { AICHOR_HOME: home }, ...(ctrlC && { ctrlC }) });
  } finally {
    await proxy.close();
  }
}

/** Loses the first answer to this request. */
function losing(method: string, ending: RegExp): (asked: Asked) => Fault {
  return ({ method: is, path, before }) =>
    is === method && ending.test(path) && before === 0 ? { kind: 'lose reply' } : NONE;
}

describe.concurrent('an answer that is lost after the change was made', () => {
  test.each([
    ['to the listing', 'POST', /\/snapshots$/],
    ['to the files', 'PUT', /\/files$/],
    ['to the submission', 'POST', /\/experiments$/],
  ])('%s: the command repeats itself, one experiment', { timeout: PATIENCE_MS }, (_what, method, ending) =>
    inWorld(async (world) => {
      await world.start();
      const root = await world.repository(QUICK);
      const args = ['experiments', 'submit', 'local', '--repo-dir', root, '--quiet'];
      const { code, stdout, stderr } = await through(world, args, losing(method, ending));
      expect(code, stderr).toBe(0);
      const { experiments } = await world.client.list({});
      expect(experiments.map((one) => one.experiment_id)).toEqual([stdout.toString().trim()]);
      expect((await world.end(stdout.toString().trim())).status).toBe('Succeeded');
    }),
  );

  test.each([
    ['submit', ['submit', 'local'], /\/experiments$/, /--idempotency-key [0-9a-f-]{36}/],
    ['sweep', ['sweep', '--grid', 'RATE=1,2'], /\/sweeps$/, /--name sweep-[0-9a-f]{8}/],
  ])(
    'to every try of a %s: said that it may have been taken; the flag that is named gives the same',
    { timeout: PATIENCE_MS },
    (_what, command, path, flag) =>
      inWorld(async (world) => {
        await world.start();
        const root = await world.repository(QUICK);
        const args = ['experiments', ...command, '--repo-dir', root, '--quiet'];
        const lost = await through(world, args, ({ method, path: asked }) =>
          method === 'POST' && path.test(asked) ? { kind: 'lose reply' } : NONE,
        );
        expect(lost).toMatchObject({ code: 7, stdout: Buffer.alloc(0) });
        const { error } = JSON.parse(lost.stderr.trim().split('\n').at(-1) ?? '');
        expect(error.message).toContain('the submission may have been taken');
        const again = flag.exec(error.hint)?.[0].split(' ') ?? [];
        const { code, stdout, stderr } = await world.aichor([...args, ...again]);
        expect(code, stderr).toBe(0);
        const { experiments } = await world.client.list({});
        const ids = experiments.map((one) => one.experiment_id);
        if (command.includes('local')) expect(stdout.toString().trim().split('\n')).toEqual(ids);
        else expect(ids).toHaveLength(2);
        for (const id of ids) await world.end(id);
      }),
  );

  test('to a submission that is interrupted: the same', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      await world.start();
      const root = await world.repository(QUICK);
      const args = ['experiments', 'submit', 'local', '--repo-dir', root, '--quiet'];
      const ctrlC = new AbortController();
      const until = () => {
        ctrlC.abort();
        return new Promise<void>(() => undefined);
      };
      const held = ({ method, path }: Asked): Fault =>
        method === 'POST' && path.endsWith('/experiments') ? { kind: 'hold', until } : NONE;
      const { code, stderr } = await through(world, args, held, ctrlC.signal);
      expect(code, stderr).toBe(130);
      const { error } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
      expect(error.message).toBe('interrupted; the submission may have been taken');
      const [, key = ''] = /--idempotency-key (\S+)/.exec(error.hint) ?? [];
      const again = await world.aichor([...args, '--idempotency-key', key]);
      const { experiments } = await world.client.list({});
      expect(experiments.map((one) => `${one.experiment_id}\n`)).toEqual([again.stdout.toString()]);
      await world.end(again.stdout.toString().trim());
    }),
  );

  test('to changes of what is there: done once; said to be unknown, then what became of it', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      await world.start();
      const digest = await world.upload({ script: 'until [ -e "$AICHOR_OUTPUT_PATH/go" ]; do sleep 0.05; done' });
      const id = await world.submit(digest);

      const cancelled = await through(world, ['experiments', 'cancel', id], losing('POST', /\/cancel$/));
      expect(cancelled).toMatchObject({ code: 7, stdout: Buffer.alloc(0) });
      expect(JSON.parse(cancelled.stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({ error: { code: 'server_unreachable' } });
      const record = await world.end(id);
      expect(record.status).toBe('Cancelled');
      expect(record.events.filter(({ type }) => type === 'cancel_requested')).toHaveLength(1);
      expect(await world.aichor(['experiments', 'cancel', id])).toMatchObject({ code: 6 });

      const again = await through(world, ['experiments', 'resubmit', id, '--quiet'], losing('POST', /\/resubmit$/));
      expect(again.code, again.stderr).toBe(0);
      expect((await world.client.list({})).experiments).toHaveLength(2);
      const second = again.stdout.toString().trim();
      await world.client.cancel({ ids: [second] });
      await world.end(second);

      expect(await through(world, ['experiments', 'delete', id], losing('POST', /\/delete$/))).toMatchObject({ code: 7 });
      expect(await world.aichor(['experiments', 'delete', id])).toMatchObject({ code: 5 });
      const prune = ['experiments', 'prune', '--older-than', '0s'];
      expect(await through(world, prune, losing('POST', /\/prune$/))).toMatchObject({ code: 7 });
      const pruned = await world.aichor(prune);
      expect(pruned.code, pruned.stderr).toBe(0);
      expect(JSON.parse(pruned.stdout.toString())).toEqual({ experiments: [] });
    }),
  ); // prettier-ignore
});

describe.concurrent('a file that changes between reading and sending', () => {
  const changes: [string, (path: string) => Promise<unknown>][] = [
    ['grows', (path) => appendFile(path, 'more')],
    ['shrinks', (path) => truncate(path, 7)],
    ['vanishes', (path) => unlink(path)],
    ['becomes a link', (path) => unlink(path).then(() => symlink('run.sh', path))],
    ['becomes a pipe', (path) => unlink(path).then(() => execFileSync('mkfifo', [path]))],
    ['becomes a folder', (path) => unlink(path).then(() => mkdir(path))],
  ];

  test('once is read again, and what is there then is sent', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      await world.start();
      for (const [change, make] of changes) {
        let changed = false;
        const once = async (path: string) => {
          if (changed) return;
          changed = true;
          await make(path);
        };
        const { code, stderr } = await submitWhile(world, change, once);
        expect(code, `${change}: ${stderr}`).toBe(0);
        expect(changed).toBe(true);
      }
      expect((await world.client.list({})).experiments).toHaveLength(changes.length);
    }),
  );

  test('again and again is named, and nothing is created', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      await world.start();
      const { code, stdout, stderr } = await submitWhile(world, 'grows', (path) => appendFile(path, 'more'));
      expect(code, stderr).toBe(6);
      expect(stdout.toString()).toBe('');
      expect(stderr).toContain('data.bin');
      expect((await world.client.list({})).experiments).toEqual([]);
    }),
  );

  /** Submits a repository whose data.bin is changed each time its listing has been announced. */
  async function submitWhile(world: World, change: string, make: (path: string) => Promise<unknown>) {
    const files = { 'data.bin': `before it ${change} ${'x'.repeat(200_000)}` };
    const root = await world.repository({ ...QUICK, files });
    const outcome = await through(
      world,
      ['experiments', 'submit', 'local', '--repo-dir', root],
      ({ method, path }) =>
        method === 'POST' && path.endsWith('/snapshots')
          ? { kind: 'hold', until: async () => void (await make(join(root, 'data.bin'))) }
          : NONE,
    );
    await rm(join(root, 'data.bin'), { recursive: true, force: true });
    return outcome;
  }
});
