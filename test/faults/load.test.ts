/**
 * FI-30 to FI-32: more clients than a team's server has descriptors; hundreds that wait while everybody lists, follows and
 * submits; many experiments in a row. Nothing fails that need not, and nothing is left open.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eachAtMost } from '../../src/base/async/at-most.ts';
import { isAichorError } from '../../src/errors.ts';
import { until } from './processes.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf } from './seed.ts';
import { inWorld, orNull, type World } from './world.ts';

const DESCRIPTORS = 64;
const WAITING = scaled(200, 10_000);
const IN_A_ROW = scaled(40, 2000);

const openOf = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;

describe.runIf(process.platform === 'linux')('a control plane', () => {
  test.each(seedsOf('few descriptors'))(
    `of a team with ${DESCRIPTORS} descriptors turns clients away that it has none for, and is itself when they have gone (seed %i)`,
    { timeout: PATIENCE_MS },
    (seed) =>
      inWorld(async (world) => {
        const chance = chanceOf(seed, 'few descriptors');
        const flags = ['--port', '0', '--local'];
        const { pid } = await world.start('', { descriptors: DESCRIPTORS, flags });
        const port = Number(new URL((await world.client.server()).address ?? '').port);
        const snapshot = await world.upload({ script: 'exit 0' });
        const works = async () =>
          expect(await world.end(await world.submit(snapshot))).toMatchObject({ status: 'Succeeded' });
        await works();
        const before = openOf(pid);
        for (let round = 0; round < scaled(2, 30); round++) {
          const visitors = chance.between(DESCRIPTORS, 3 * DESCRIPTORS);
          const sockets = Array.from({ length: visitors }, () => visit(port, chance.between(0, 40)));
          await until(() => sockets.some((socket) => socket.closed));
          const answers = await Promise.all(
            Array.from({ length: 5 }, () =>
              world.client.list({}).then(
                () => 'well',
                (error: unknown) => (isAichorError(error) ? error.code : error),
              ),
            ),
          );
          for (const answer of answers) expect(['well', 'server_unreachable']).toContain(answer);
          for (const socket of sockets) socket.destroy();
          await until(async () => (await orNull(world.client.list({}))) !== null);
          await until(() => openOf(pid) <= before + 5, 100);
        }
        await works();
        await until(() => openOf(pid) <= before + 5, 100);
      }),
  );

  test.each(seedsOf('many wait'))(
    `accepts ${WAITING} that wait, while others list and follow: nobody is refused (seed %i)`,
    { timeout: PATIENCE_MS },
    (seed) =>
      inWorld(
        async (world) => {
          const chance = chanceOf(seed, 'many wait');
          await world.start();
          const gate = join(world.folder, 'gate');
          const script = 'until [ -e "$GATE" ]; do echo on; sleep 0.1; done\n';
          const snapshot = await world.upload({ script });
          const first = await world.submit(snapshot, { env: { GATE: gate } });
          await until(async () => (await world.client.get(first)).status === 'Running');
          const followers = Array.from({ length: 10 }, () => world.lines(first));
          let over = false;
          const listing = Array.from({ length: 4 }, async () => {
            while (!over) await world.client.list({ limit: chance.pick([1, 50, 1000]) });
          });
          const ids = new Set<string>();
          await eachAtMost(16, Array(WAITING).keys(), async () => void ids.add(await world.submit(snapshot)));
          over = true;
          await Promise.all(listing);
          expect(ids.size).toBe(WAITING);
          expect((await world.client.server()).live_experiments).toBe(WAITING + 1);
          const { errors } = await world.client.cancel({ ids: chance.shuffled([...ids]).slice(0, 1000) });
          expect(errors).toEqual([]);
          await world.client.cancel({ all: true });
          for (const lines of await Promise.all(followers)) expect(lines.length).toBeGreaterThan(0);
          await until(async () => (await world.client.server()).live_experiments === 0);
          expect(await failedRequests(world)).toEqual([]);
        },
        { cpus: 1 },
      ),
  );

  test(`keeps nothing open, and no dead processes, of ${IN_A_ROW} experiments in a row`, { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const { pid } = await world.start();
      const snapshot = await world.upload({ script: 'echo hello\n' });
      const one = async () =>
        expect(await world.end(await world.submit(snapshot))).toMatchObject({ status: 'Succeeded' });
      for (let warm = 0; warm < 5; warm++) await one();
      const before = openOf(pid);
      for (let made = 0; made < IN_A_ROW; made++) await one();
      await until(() => openOf(pid) <= before + 3, 100);
      await until(() => zombiesOf(pid).length === 0, 100);
    }),
  ); // prettier-ignore
});

/** A connection that says so much of a request, and stays. */
function visit(port: number, bytes: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.write('GET /v1/health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'.slice(0, bytes));
  return socket;
}

/** Dead children that nobody has looked after. */
function zombiesOf(parent: number): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const [state, ppid] = readFileSync(`/proc/${name}/stat`, 'latin1').replace(/.*\) /s, '').split(' ');
      return state === 'Z' && Number(ppid) === parent;
    } catch {
      return false;
    }
  });
}

async function failedRequests({ home }: World): Promise<unknown[]> {
  const lines = (await readFile(join(home, 'server.log'), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).filter(({ status, level }) => status >= 500 || level >= 50);
}
