/** Fault 33: commands that begin, or follow, while the control plane is killed again and again. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { moment } from './processes.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { inWorld } from './world.ts';

const FOLLOWERS = scaled(6, 24);
const LINES = 40;
const KILL_EVERY_MS = 700;
/** Then whoever is left may finish: a slow machine needs longer for a start than there is between two kills. */
const KILLS = scaled(8, 40);

test('followers that begin while the control plane is killed again and again get each line once', { timeout: PATIENCE_MS }, () =>
  inWorld(async (world) => {
    await world.start();
    const script = `i=0; while [ $i -lt ${LINES} ]; do echo line $i; i=$((i+1)); sleep 0.1; done`;
    const id = await world.submit(await world.upload({ script }));
    const killing = (async () => {
      let before: unknown;
      for (let kill = 0; kill < KILLS; kill++) {
        await moment(KILL_EVERY_MS);
        const text = await readFile(join(world.home, 'server.json'), 'utf8').catch(() => '{}');
        const { pid } = JSON.parse(text || '{}');
        try {
          if (typeof pid === 'number' && pid !== before) process.kill(pid, 'SIGKILL');
          before = pid;
        } catch {
          // The one before is dead, and the next does not say yet who it is.
        }
      }
    })();
    const outcomes = await Promise.all(
      Array.from({ length: FOLLOWERS }, async (_, follower) => {
        await moment(follower * 100);
        return world.aichor(['experiments', 'logs', id, '--follow', '--pod', 'worker-0-0']);
      }),
    );
    await killing;
    for (const { code, stdout, stderr } of outcomes) {
      expect(code, stderr).toBe(0);
      const texts = stdout.toString().trim().split('\n').map((line) => JSON.parse(line).text);
      expect(texts).toEqual(Array.from({ length: LINES }, (_each, line) => `line ${line}`));
    }
  }),
); // prettier-ignore
