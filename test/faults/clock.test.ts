import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PATIENCE_MS } from './scale.ts';
import { until } from './processes.ts';
import { inWorld } from './world.ts';

/** Where Debian has it; null: it is not there. */
function findFaketime(): string | null {
  const found = ['/usr/lib', ...folders('/usr/lib').map((name) => join('/usr/lib', name))]
    .map((folder) => join(folder, 'faketime', 'libfaketime.so.1'))
    .find((path) => existsSync(path));
  return found ?? null;
}

function folders(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

const FAKETIME = findFaketime();
const skipped = FAKETIME === null ? ' (skipped: no libfaketime; apt-get install libfaketime)' : '';

/** Seconds that the pod runs, and more than anything here can take. */
const RUNS_S = 2;
const LONG_S = 3600;

test.runIf(FAKETIME !== null).each([
  ['+3d', '+3d'],
  ['-10d', '-10d'],
])(
  `a clock that jumps by %s while an experiment runs does not change how long it ran${skipped}`,
  (_, jump) =>
    inWorld(async (world) => {
      const { client, folder } = world;
      const clock = join(folder, 'clock');
      writeFileSync(clock, '+0');
      // Where time is counted from the start of the machine, it goes on as ever.
      Object.assign(world.env, {
        LD_PRELOAD: FAKETIME ?? '',
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        NO_FAKE_STAT: '1',
      });
      await world.start();
      const snapshot = await world.upload({ script: `read -r _ <"$GATE" || :\nexec sleep ${RUNS_S}\n` });
      const gate = join(folder, 'gate');
      expect(spawnSync('mkfifo', [gate]).status).toBe(0);
      const id = await world.submit(snapshot, { env: { GATE: gate } });
      await until(async () => (await client.get(id)).started_at !== null);
      writeFileSync(clock, jump);
      const { experiments } = await client.list({});
      for (const { duration_s: ran } of [await client.get(id), ...experiments]) {
        expect(ran).toBeGreaterThan(0);
        expect(ran).toBeLessThan(LONG_S);
      }
      writeFileSync(gate, '');
      const { status, started_at: start, ended_at: end, duration_s: seconds, pods } = await world.end(id);
      expect(status).toBe('Succeeded');
      expect(seconds).toBeGreaterThanOrEqual(RUNS_S);
      expect(seconds).toBeLessThan(LONG_S);
      expect(Date.parse(end ?? '')).toBeGreaterThanOrEqual(Date.parse(start ?? ''));
      for (const { started_at, ended_at } of pods)
        expect(Date.parse(ended_at ?? '')).toBeGreaterThanOrEqual(Date.parse(started_at ?? ''));
    }),
  PATIENCE_MS,
);
