/**
 * FI-2, FI-4: `kill -9` of the control plane, and of single pods' shims, at moments of no choice; a process number
 * that belongs to a stranger by now.
 */
import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseIdentity } from '../../src/engines/local/pod/pod-files.ts';
import type { ExperimentRecord } from '../../src/experiment/record.ts';
import { signalProcess } from '../../src/machine/signals.ts';
import { moment, processes, processesOf, until } from './processes.ts';
import type { Work } from './repository.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf } from './seed.ts';
import { expectWhole, ran, textsOf } from './truth.ts';
import { inWorld, insist, type World } from './world.ts';

const SCRIPT = [
  'echo $HOSTNAME >> "$AICHOR_OUTPUT_PATH/ran"',
  'i=0',
  'while [ $i -lt 5 ]; do echo "$i"; i=$((i + 1)); sleep 0.02; done',
  'exit $CODE',
].join('\n');

const PODS: Work = { script: SCRIPT, count: 3, completions: 2, parallelisms: 1 };
const ALONE: Work = { script: SCRIPT };
const PRINTED = ['0', '1', '2', '3', '4'];

/** How long undisturbed work takes, roughly: where moments are chosen from. */
const SPAN_MS = 700;

describe.concurrent('kill -9', () => {
  test.each(seedsOf('kill the control plane'))(
    'of the control plane, twice in a row, at any moment (seed %i)',
    { timeout: PATIENCE_MS },
    (seed) =>
      inWorld(async (world) => {
        const chance = chanceOf(seed, 'kill the control plane');
        const first = await world.start();
        const [pods, alone] = [await world.upload(PODS), await world.upload(ALONE)];
        await first.kill();
        for (let round = 0; round < scaled(3, 350); round++) {
          const code = chance.pick([0, 1, 3, 126, 255]);
          const moments = [chance.below(SPAN_MS), chance.below(SPAN_MS), chance.below(SPAN_MS)];
          const said = `round ${round}, killed after ${moments.map(Math.round).join(', ')} ms, exit ${code}`;
          let server = await world.start();
          const ids = [
            await world.submit(pods, { env: { CODE: '0' } }),
            await world.submit(alone, { env: { CODE: String(code) } }),
          ];
          for (const after of moments) {
            await moment(after);
            await server.kill();
            server = await world.start();
          }
          const [several, one] = [await world.end(ids[0] ?? ''), await world.end(ids[1] ?? '')];
          await expectExit(world, several, { code: 0, said });
          await expectExit(world, one, { code, said });
          await server.kill();
        }
        await world.start();
      }),
  );

  test.each(seedsOf('kill a shim'))(
    'of a pod’s shim at any moment: never taken for a success that was not, nothing left (seed %i)',
    { timeout: PATIENCE_MS },
    (seed) =>
      inWorld(async (world) => {
        const chance = chanceOf(seed, 'kill a shim');
        await world.start();
        const digest = await world.upload({ ...PODS, parallelisms: 2 });
        for (let round = 0; round < scaled(5, 1000); round++) {
          const id = await world.submit(digest, { env: { CODE: '0' } });
          await moment(chance.below(SPAN_MS));
          const shim = await anyShim(world, id, chance.pick);
          // It may have ended since it was looked at: then nothing is killed.
          if (shim !== null) signalProcess(shim, 'SIGKILL');
          const record = await world.end(id);
          const lines = await expectWhole(world, record);
          for (const { pod, status } of record.pods)
            if (status === 'Succeeded') expect(textsOf(lines, pod)).toEqual(PRINTED);
          if (record.status === 'Failed') expect(record.reason).toBe('Killed');
          else expect(record.status).toBe('Succeeded');
        }
      }),
  );
});

test.concurrent(
  'a process number that a stranger has by now is never signalled',
  { timeout: PATIENCE_MS },
  () =>
    inWorld(async (world) => {
      const server = await world.start();
      const id = await world.submit(await world.upload({ script: 'exec sleep 600' }));
      await until(async () => (await insist(() => world.client.get(id))).pods[0]?.status === 'Running');
      await server.kill();
      for (const { pid } of await processesOf(id)) signalProcess(pid, 'SIGKILL');
      await until(async () => (await processesOf(id)).length === 0);
      const stranger = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
      try {
        await becomes(
          stranger.pid ?? 0,
          join(world.home, 'experiments', id, 'engine', '1', 'worker-0-0.pid'),
        );
        await world.start();
        const record = await world.end(id);
        expect(record).toMatchObject({ status: 'Failed', reason: 'Killed' });
        expect(await processes.identify(stranger.pid ?? 0)).not.toBeNull();
      } finally {
        stranger.kill('SIGKILL');
      }
    }),
);

async function expectExit(
  world: World,
  record: ExperimentRecord,
  { code, said }: { code: number; said: string },
): Promise<void> {
  const lines = await expectWhole(world, record);
  const names = record.pods.map(({ pod }) => pod).sort();
  expect(record.status, said).toBe(code === 0 ? 'Succeeded' : 'Failed');
  expect(record.pods.map((pod) => pod.exit_code), said).toEqual(names.map(() => code)); // prettier-ignore
  expect(await ran(record), said).toEqual(names);
  for (const pod of names) expect(textsOf(lines, pod), `${said}: log of ${pod}`).toEqual(PRINTED);
}

/** The shim of one of the pods that run; null when none does. */
async function anyShim(
  { home }: World,
  id: string,
  pick: <T>(items: readonly T[]) => T,
): Promise<number | null> {
  const folder = join(home, 'experiments', id, 'engine', '1');
  const names = await readdir(folder).catch(() => []);
  const pids: number[] = [];
  for (const name of names.filter((file) => file.endsWith('.pid'))) {
    const identity = parseIdentity(await readFile(join(folder, name), 'utf8').catch(() => ''));
    if (identity !== null && (await processes.isAlive(identity))) pids.push(identity.pid);
  }
  return pids.length === 0 ? null : pick(pids);
}

/** Makes it look as if the pod had had this number, at another time. */
async function becomes(pid: number, file: string): Promise<void> {
  const pod = parseIdentity(await readFile(file, 'utf8'));
  if (pod === null) throw new Error(`${file} says nothing`);
  await writeFile(file, `${pid} ${pod.boot} ${pod.start}\n`);
}
