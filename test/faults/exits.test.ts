/**
 * FI-5, FI-6, FI-20: every way for a pod to end is told the same by the record, by the record read again from disk,
 * and by commands; and no command says success that was not seen.
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { signalOf } from '../../src/experiment/failure/explain.ts';
import type { ExperimentRecord } from '../../src/experiment/record.ts';
import { until } from './processes.ts';
import { NONE, startProxy, type Fault } from './proxy.ts';
import { MEMORY_GB } from './repository.ts';
import { isLong, PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf, type Chance } from './seed.ts';
import { BIN } from './server.ts';
import { inWorld, insist, type World } from './world.ts';

/** Runs until there is a file `go` among its outputs. */
const UNTIL_TOLD = 'until [ -e "$AICHOR_OUTPUT_PATH/go" ]; do sleep 0.05; done';

interface Way {
  /** `exit`, `signal`, or one of the files below. */
  how: string;
  number: number;
  code: number;
  reason: string | null;
}

const SCRIPT = [
  'case $HOW in',
  '  exit) exit $NUMBER ;;',
  '  signal) ulimit -c 0; kill -$NUMBER $$; exit 99 ;;',
  '  absent) no-such-program ;;',
  '  text) ./text ;;',
  '  interpreter) chmod +x interpreter; ./interpreter ;;',
  '  folder) cd /no/such/folder ;;',
  'esac',
].join('\n');

const FILES = { text: 'no program\n', interpreter: '#!/no/such/interpreter\n' };

/** How much memory was seen to be used depends on whether anybody looked before the end. */
const KILLED = new RegExp(
  `killed by signal 9 \\(SIGKILL\\); (peak [0-9.]+ of ${MEMORY_GB} GB asked|it asked for ${MEMORY_GB} GB)$`,
);

/** Signals that end a process which does nothing about them; the others stop it, or are nothing to it. */
const ENDING = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 25, 26, 27, 29, 30, 31];

const WAYS: readonly Way[] = [
  ...Array.from({ length: 256 }, (_, number) => ({ how: 'exit', number, code: number, reason: reasonOf(number) })),
  ...ENDING.map((number) => ({ how: 'signal', number, code: 128 + number, reason: 'Killed' })),
  { how: 'absent', number: 0, code: 127, reason: 'CommandNotFound' },
  { how: 'text', number: 0, code: 126, reason: 'CommandNotExecutable' },
  { how: 'folder', number: 0, code: 2, reason: 'NonZeroExit' },
]; // prettier-ignore

const ALWAYS = WAYS.filter(
  ({ how, number }) => how !== 'exit' || [0, 1, 126, 127, 128, 137, 255].includes(number),
);

test.concurrent.each(seedsOf('exits'))('every way to end (seed %i)', { timeout: PATIENCE_MS }, (seed) =>
  inWorld(async (world) => {
    const chance = chanceOf(seed, 'exits');
    const ways = isLong ? WAYS : [...chance.shuffled(ALWAYS).slice(0, 12), ...chance.shuffled(WAYS).slice(0, 6)];
    const server = await world.start();
    const digest = await world.upload({ script: SCRIPT, files: FILES });
    const submitted = [];
    for (const way of ways) {
      const env = { HOW: way.how, NUMBER: String(way.number) };
      submitted.push({ way, id: await world.submit(digest, { env }) });
    }
    const ended: { way: Way; record: ExperimentRecord }[] = [];
    for (const { way, id } of submitted) ended.push({ way, record: await world.end(id) });
    for (const { way, record } of ended) expectEnd(way, record);
    await server.kill();
    await world.start();
    for (const { record } of ended) expect(await world.client.get(record.experiment_id)).toEqual(record);
    for (const { way, record } of chance.shuffled(ended).slice(0, scaled(2, 300))) await expectSaid(world, way, record);
  }),
); // prettier-ignore

function expectEnd(way: Way, record: ExperimentRecord): void {
  const said = JSON.stringify(way);
  const pods = [{ exit_code: way.code, reason: way.reason, status: way.reason === null ? 'Succeeded' : 'Failed' }];
  expect(record, said).toMatchObject({ status: way.reason === null ? 'Succeeded' : 'Failed', reason: way.reason, pods });
  if (way.code === 137) expect(record.explanation, said).toMatch(KILLED);
} // prettier-ignore

async function expectSaid(world: World, way: Way, record: ExperimentRecord): Promise<void> {
  const said = JSON.stringify(way);
  const waited = await world.aichor(['experiments', 'wait', record.experiment_id]);
  expect(waited.code, said).toBe(way.reason === null ? 0 : 8);
  expect(JSON.parse(waited.stdout.toString()).experiments, said).toMatchObject([{ status: record.status }]);
  const got = await world.aichor(['experiments', 'get', record.experiment_id]);
  expect(JSON.parse(got.stdout.toString()), said).toEqual(record);
}

function reasonOf(code: number): string | null {
  if (code === 0) return null;
  if (code === 126) return 'CommandNotExecutable';
  if (code === 127) return 'CommandNotFound';
  return signalOf(code) === null ? 'NonZeroExit' : 'Killed';
}

describe.concurrent('waiting never ends with success that was not seen', () => {
  test.each(seedsOf('cut watch'))('over streams that break, or end as if whole (seed %i)', { timeout: PATIENCE_MS }, (seed) =>
    inWorld(async (world) => {
      const chance = chanceOf(seed, 'cut watch');
      await world.start();
      const digest = await world.upload({ script: 'until [ -e "$AICHOR_OUTPUT_PATH/go" ]; do sleep 0.05; done; exit 3' });
      for (let round = 0; round < scaled(1, 30); round++) {
        const id = await world.submit(digest);
        const cuts = Array.from({ length: 4 }, () => randomCut(chance));
        let asked = 0;
        const proxy = await startProxy(socketOf(world), 0, ({ path }) => path.startsWith('/v1/watch') ? (cuts[asked++] ?? NONE) : NONE);
        const waiting = world.aichor(['experiments', 'wait', id], { env: { AICHOR_SERVER: proxy.address } });
        await Promise.race([until(() => asked > cuts.length), waiting]);
        await writeFile(join((await world.client.get(id)).paths.output, 'go'), '');
        const { code, stdout } = await waiting;
        await proxy.close();
        expect(code).toBe(8);
        expect(JSON.parse(stdout.toString()).experiments).toMatchObject([{ experiment_id: id, status: 'Failed' }]);
      }
    }),
  ); // prettier-ignore

  test('when the control plane is lost for good', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      await world.start();
      const id = await world.submit(await world.upload({ script: UNTIL_TOLD }));
      let watches = 0;
      const proxy = await startProxy(socketOf(world), 0, ({ path }) => {
        const isWatch = path.startsWith('/v1/watch');
        if (isWatch) watches++;
        return isWatch || watches > 0 ? { kind: 'refuse' } : NONE;
      });
      const env = { AICHOR_SERVER: proxy.address };
      const { code, stderr } = await world.aichor(['experiments', 'wait', id, '--timeout', '2s'], { env });
      expect(watches).toBeGreaterThan(1);
      expect(code).toBe(124);
      expect(stderr).toContain(id);
      await proxy.close();
      const { paths } = await world.client.get(id);
      await writeFile(join(paths.output, 'go'), '');
      await world.end(id);
    }),
  );

  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('when the command gets %s; what runs goes on', { timeout: PATIENCE_MS }, (signal) =>
    inWorld(async (world) => {
      await world.start();
      const root = await world.repository({ script: UNTIL_TOLD });
      const { id, ended } = await interruptWaiting(world, root, signal);
      const { code, stderr, by } = await ended;
      if (signal === 'SIGKILL') expect(by).toBe(signal);
      else {
        expect(code).toBe(130);
        expect(stderr).toContain(`aichor experiments cancel ${id.slice(0, 8)}`);
      }
      const { paths, status } = await world.client.get(id);
      expect(status).toBe('Running');
      await writeFile(join(paths.output, 'go'), '');
      expect(await world.end(id)).toMatchObject({ status: 'Succeeded' });
    }),
  ); // prettier-ignore
});

/** Submits and waits as a process of its own, which gets a signal as soon as a pod runs. */
async function interruptWaiting(world: World, root: string, signal: NodeJS.Signals) {
  const { env, folder: cwd } = world;
  const args = [BIN, 'experiments', 'submit', 'local', '--repo-dir', root, '--wait'];
  const child = spawn(process.execPath, args, { env, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<{ code: number | null; by: NodeJS.Signals | null; stderr: string }>((resolve) =>
    child.once('close', (code, by) => resolve({ code, by, stderr })),
  );
  const idIn = () => /experiment ([0-9a-f-]{36})/.exec(stderr)?.[1];
  await until(() => idIn() !== undefined);
  const id = idIn() ?? '';
  await until(async () => (await insist(() => world.client.get(id))).status === 'Running');
  child.kill(signal);
  return { id, ended };
}

function randomCut(chance: Chance): Fault {
  return { kind: chance.pick(['cut', 'end early'] as const), share: chance.between(0, 20) / 20 };
}

function socketOf({ home }: World): string {
  return join(home, 'server.sock');
}
