/**
 * Faults 34 to 46: a small disk is filled at a moment chosen by chance, by logs, outputs, or somebody else, while
 * experiments wait, run and end. None is lost, none runs for ever, and the program alone leads out of it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { moment, processesOf, until } from './processes.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf, type Chance } from './seed.ts';
import { inWorld, type World } from './world.ts';

const MOMENTS = scaled(2, 200);
const LONGEST_MS = 2500;

/** A disk of its own needs the right to mount one. */
const canMount = (() => {
  const folder = mkdtempSync(join(tmpdir(), 'aichor-mount-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
  if (status === 0) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return status === 0;
})();

const FILL = 'head -c 90000000 /dev/zero > "$AICHOR_OUTPUT_PATH/out"';
const SCRIPTS = {
  log: 'sleep "$S"; yes 0123456789',
  output: `set -e; sleep "$S"; ${FILL}`,
  'output that is not looked at': `sleep "$S"; ${FILL}; echo done`,
};

async function inSmallDisk(work: (world: World) => Promise<void>): Promise<void> {
  await inWorld(async (world) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=30m,mode=700', 'tmpfs', world.home]);
    try {
      await writeFile(join(world.home, 'settings.json'), JSON.stringify({ cpus: 1000 }), { mode: 0o600 });
      await work(world);
    } finally {
      await world.aichor(['server', 'stop', '--force']);
      execFileSync('umount', ['-l', world.home]);
    }
  });
}

async function oneMoment(world: World, chance: Chance): Promise<void> {
  const how = chance.pick([...Object.keys(SCRIPTS), 'somebody else'] as (
    keyof typeof SCRIPTS | 'somebody else'
  )[]);
  const server = await world.start();
  const quick = await world.upload({ script: 'echo quick; sleep "$S"' });
  const filling = how === 'somebody else' ? quick : await world.upload({ script: SCRIPTS[how] });
  const seconds = () => ({ env: { S: (chance.below(LONGEST_MS) / 1000).toFixed(2) } });
  const ids = [await world.submit(quick, seconds()), await world.submit(filling, seconds())];
  const stray = join(world.home, 'stray');
  await moment(chance.below(LONGEST_MS));
  if (how === 'somebody else') {
    await writeFile(stray, Buffer.alloc(40_000_000)).catch(() => undefined);
  }
  if (chance.below(2) < 1) await server.kill();
  await moment(chance.below(LONGEST_MS));

  // Nothing is lost, whatever there is no room for.
  const listed = await world.aichor(['experiments', 'list']);
  expect(listed.code, listed.stderr).toBe(0);
  const known = JSON.parse(listed.stdout.toString()).experiments.map(
    ({ experiment_id: id }: { experiment_id: string }) => id,
  );
  expect(known.toSorted()).toEqual(ids.toSorted());
  for (const id of ids) {
    expect(await world.aichor(['experiments', 'get', id])).toMatchObject({ code: 0 });
    const cancelled = await world.aichor(['experiments', 'cancel', id, '--wait']);
    // It may have ended by itself.
    expect([0, 6], cancelled.stderr).toContain(cancelled.code);
    await until(async () => (await processesOf(id)).length === 0);
    const { status } = JSON.parse((await world.aichor(['experiments', 'get', id])).stdout.toString());
    expect(['Succeeded', 'Failed', 'Cancelled']).toContain(status);
  }
  const removed = await world.aichor(['experiments', 'delete', ...ids, '--outputs']);
  expect(removed.code, removed.stderr).toBe(0);
  await rm(stray, { force: true });
  const next = await world.submit(quick, { env: { S: '0' } });
  expect(await world.end(next)).toMatchObject({ status: 'Succeeded' });
}

describe.runIf(canMount)('a disk that is filled', () => {
  test.each(seedsOf('fill'))('at moments chosen by seed %i', { timeout: PATIENCE_MS }, async (seed) => {
    for (let round = 0; round < MOMENTS; round++)
      await inSmallDisk((world) => oneMoment(world, chanceOf(seed + round, 'fill')));
  });
});
