/**
 * FI-21, FI-22, FI-24, FI-27: programs that will not go, ends that race, deadlines that nobody watched, values of any
 * kind.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createHouse, isPod, jobset, lastOf } from '../engine/house.ts';
import { moment, until } from './processes.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf, type Chance } from './seed.ts';
import { expectWhole, textsOf } from './truth.ts';
import { inWorld, insist, type World } from './world.ts';

/** Starts what is hard to end, of every kind, and then says so. */
const ZOO = `
trap '' TERM INT HUP
sleep 601 &
( ( sleep 602 & ) & )
( trap '' TERM; while :; do sleep 603; done ) &
"$NODE" -e 'require("child_process").spawn("sleep", ["604"], { detached: true, stdio: "ignore" }).unref()'
sleep 605 & kill -STOP $!
( trap '' TERM; exec 1>&- 2>&-; sleep 606 ) &
echo ready
while :; do sleep 607; done
`;

describe.concurrent('cancelling programs that will not go', () => {
  test.each(seedsOf('zoo'))('leaves nothing, though the control plane dies meanwhile (seed %i)', { timeout: PATIENCE_MS }, (seed) =>
    inWorld(async (world) => {
      const chance = chanceOf(seed, 'zoo');
      let server = await world.start();
      const commands = [['sh', '-c', 'sleep 600'], ['false'], ['/no/such/command']];
      for (let round = 0; round < scaled(1, 60); round++) {
        const gracefulTermination = { shutdownCommand: chance.pick(commands), terminationGracePeriodSeconds: 1 };
        const digest = await world.upload({ script: ZOO, count: 2, spec: { gracefulTermination } });
        const id = await world.submit(digest, { env: { NODE: process.execPath } });
        await untilAllReady(world, id, 2);
        await world.client.cancel({ ids: [id] });
        await moment(chance.below(1200));
        await server.kill();
        server = await world.start();
        const record = await world.end(id);
        await expectWhole(world, record);
        expect(record).toMatchObject({ status: 'Cancelled', reason: 'CancelledByUser' });
      }
    }),
  ); // prettier-ignore
});

describe.concurrent('a cancel', () => {
  test.each(seedsOf('cancels'))('at any moment, twice, racing the end: one legal end (seed %i)', { timeout: PATIENCE_MS }, (seed) =>
    inWorld(async (world) => {
      const chance = chanceOf(seed, 'cancels');
      await world.start();
      const digest = await world.upload({ script: 'sleep $NAP', count: 2 });
      for (let round = 0; round < scaled(2, 100); round++) {
        const racing = Array.from({ length: 10 }, () => race(world, digest, chance));
        for (const { id, conflict } of await Promise.all(racing)) {
          const record = await world.end(id);
          await expectWhole(world, record);
          expect(['Succeeded', 'Cancelled']).toContain(record.status);
          if (conflict !== null) expect(conflict).toContain(record.status);
          expect(record.events.filter(({ type }) => type === 'cancel_requested').length).toBeLessThanOrEqual(1);
          if (record.status === 'Cancelled') expect(record.pods.some((pod) => pod.status === 'Stopped')).toBe(true);
        }
      }
    }, { cpus: 1 }),
  ); // prettier-ignore
});

/** Submits a short one and cancels it twice; what the control plane said against it. */
async function race({ client, submit }: World, digest: string, chance: Chance) {
  const [nap, first, second] = [chance.below(0.3), chance.below(600), chance.below(100)];
  const id = await submit(digest, { env: { NAP: nap.toFixed(3) } });
  let conflict: string | null = null;
  for (const after of [first, second]) {
    await moment(after);
    const { errors } = await client.cancel({ ids: [id] });
    for (const { code, message } of errors) {
      expect(code).toBe('conflict');
      conflict = message;
    }
  }
  return { id, conflict };
}

describe.concurrent('a deadline', () => {
  test('that passes while the control plane is down is carried out once, and not on what had succeeded', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const server = await world.start();
      const late = await world.submit(await world.upload({ script: 'exec sleep 600', spec: { timeout: '1s' } }));
      const inTime = await world.submit(await world.upload({ script: 'sleep 0.5', spec: { timeout: '2s' } }));
      for (const id of [late, inTime])
        await until(async () => (await insist(() => world.client.get(id))).pods[0]?.status === 'Running');
      await server.kill();
      await moment(2100);
      await world.start();
      const record = await world.end(late);
      await expectWhole(world, record);
      expect(record).toMatchObject({ status: 'Failed', reason: 'DeadlineExceeded', pods: [{ status: 'Stopped', reason: 'DeadlineExceeded' }] });
      expect(record.events.filter(({ type }) => type === 'failure')).toHaveLength(1);
      expect(await world.end(inTime)).toMatchObject({ status: 'Succeeded' });
    }),
  ); // prettier-ignore

  test.each([1, -1])('does not care for a clock that jumps by %i hour', { timeout: PATIENCE_MS }, async (hours) => {
    let [jumped, uptime] = [0, 100];
    const house = await createHouse({ now: () => new Date(Date.now() + jumped), uptime: () => uptime });
    try {
      const timed = async (command: string) => house.submit(jobset(command, { worker: { count: 1 } }, { timeout: '60s' }));
      const [short, long] = [(await timed('sleep 1.5')).run(), (await timed('exec sleep 600')).run()];
      for (const run of [short, long]) await run.seen(isPod('worker-0-0', 'Running'));
      [jumped, uptime] = [hours * 3_600_000, 159];
      expect(lastOf(await short.done)).toMatchObject({ 'worker-0-0': { status: 'Succeeded' } });
      expect(lastOf(long.facts)).toMatchObject({ 'worker-0-0': { status: 'Running' } });
      uptime = 160;
      expect(lastOf(await long.done)).toMatchObject({ 'worker-0-0': { status: 'Stopped', reason: 'DeadlineExceeded' } });
    } finally {
      await house.leave();
    }
  }); // prettier-ignore

  test('counts from the start of the pods, not from the making of their working copies', { timeout: PATIENCE_MS }, async () => {
    const made = () => existsSync(join(house.folder, 'experiments', experiment.id, 'engine', 'work'));
    const house = await createHouse({ uptime: () => (made() ? 1000 : 100) });
    const experiment = await house.submit(jobset('sleep 0.3', { worker: { count: 2 } }, { timeout: '60s' }));
    try {
      const facts = await experiment.run().done;
      expect(facts.filter(({ type }) => type === 'failure')).toEqual([]);
      expect(lastOf(facts)).toMatchObject({ 'worker-0-0': { status: 'Succeeded' } });
    } finally {
      await house.leave();
    }
  }); // prettier-ignore
});

describe.concurrent('values of variables', () => {
  test.each(seedsOf('values'))('reach the pods as they were given, whatever they are (seed %i)', { timeout: PATIENCE_MS }, (seed) =>
    inWorld(async (world) => {
      const chance = chanceOf(seed, 'values');
      await world.start();
      const values = Array.from({ length: 12 }, () => oddText(chance));
      const large = 'v'.repeat(120_000);
      const root = await world.repository({ script: `for i in ${values.map((_, i) => i).join(' ')}; do printenv "V$i" | od -An -v -tx1 | tr -d ' \\n'; echo; done; printenv LARGE | wc -c` });
      const flags = [...values.map((value, i) => `V${i}=${value}`), `LARGE=${large}`].flatMap((each) => ['--env', each]);
      const { code, stdout, stderr } = await world.aichor(['experiments', 'submit', 'local', '--repo-dir', root, '--wait', ...flags]);
      expect(code, stderr).toBe(0);
      const lines = textsOf(await world.lines(JSON.parse(stdout.toString()).experiment_id), 'worker-0-0');
      expect(lines.slice(0, -1).map((hex) => Buffer.from(hex, 'hex').toString().replace(/\n$/, ''))).toEqual(values);
      expect(Number(lines.at(-1))).toBe(large.length + 1);
    }),
  ); // prettier-ignore
});

function oddText(chance: Chance): string {
  const pieces = ['$HOME', '$(HOSTNAME)', '${PATH}', '$$', '`id`', "'", '"', '\\', '\n', '\t', ' ', 'é', '🙂', '#', '=', ',', '%s', '--', '*', '!', '\u0001', 'a'];
  return Array.from({ length: chance.between(0, 8) }, () => chance.pick(pieces)).join('');
} // prettier-ignore

async function untilAllReady(world: World, id: string, pods: number): Promise<void> {
  const ready = async () => {
    const response = await world.client.logs(id, {});
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    return Buffer.concat(chunks).toString().split('"text":"ready"').length - 1;
  };
  await until(async () => (await ready()) === pods, 50);
}
