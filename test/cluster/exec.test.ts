/** Commands in pods that run on a node: through the API server. */
import { expect, test, vi } from 'vitest';
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BIN } from '../faults/server.ts';
import { onCluster } from './harness/found.ts';
import { hasTmux, openTerminal } from '../cli/terminal.ts';
import { inPlace } from './harness/place.ts';

const HOLD = `trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done`;

onCluster('a command in a pod', () => {
  test('has its streams, its exit code and its files; what its client leaves is ended', () =>
    inPlace(async ({ submit, until, world }) => {
      const id = await submit({ command: HOLD, count: 2 });
      await until(id, (record) => record.pods.every(({ status }) => status === 'Running'));
      const exec = (...command: string[]) =>
        world.aichor(['experiments', 'exec', id, 'worker-0-0', '--', ...command]);
      const script = 'echo "$AICHOR_EXPERIMENT_ID"; echo wrong >&2; exit 42';
      const { code, stdout, stderr } = await exec('sh', '-c', script);
      expect([code, String(stdout), stderr]).toEqual([42, `${id}\n`, 'wrong\n']);
      expect(await exec('sh', '-c', 'kill -KILL $$')).toMatchObject({ code: 137 });
      expect(await exec('no-such-program')).toMatchObject({ code: 127 });
      const file = join(world.home, 'file');
      await writeFile(file, 'x'.repeat(1_000_000));
      expect(await world.aichor(['experiments', 'copy', file, `${id}:worker-0-0:/tmp/put`])).toMatchObject({
        code: 0,
      });
      const back = join(world.home, 'back');
      expect(await world.aichor(['experiments', 'copy', `${id}:worker-0-0:/tmp/put`, back])).toMatchObject({
        code: 0,
      });
      expect(await readFile(back, 'utf8')).toBe('x'.repeat(1_000_000));
      // A client that is killed ends nothing by itself: what it has left in the pod is looked for and ended.
      const words = [BIN, 'experiments', 'exec', id, 'worker-0-0', '--', 'sleep', '98765'];
      const left = spawn(process.execPath, words, { env: world.env, stdio: 'ignore' });
      const count = 'ps | grep -c "[s]leep 98765"';
      const sleeping = async () => Number(String((await exec('sh', '-c', count)).stdout));
      await vi.waitFor(async () => expect(await sleeping()).toBe(1), { timeout: 20_000 });
      left.kill('SIGKILL');
      await vi.waitFor(async () => expect(await sleeping()).toBe(0), { timeout: 30_000 });
      await world.client.cancel({ ids: [id] });
      await world.end(id);
    }));

  test.skipIf(!hasTmux)('on a terminal is one: keys, size, and nothing of it stays', () =>
    inPlace(async ({ submit, until, world }) => {
      const id = await submit({ command: HOLD });
      await until(id, ({ status }) => status === 'Running');
      const terminal = openTerminal({ env: world.env, repo: world.folder }, { width: 90, height: 20 });
      try {
        terminal.type(`aichor experiments shell ${id}; echo "left with $?"`);
        await terminal.shows(/[#$]$/m);
        terminal.type('stty size; echo "$AICHOR_EXPERIMENT_ID"');
        await terminal.shows(new RegExp(`^20 90\\n${id}$`, 'm'));
        await terminal.holds();
        terminal.press('C-c');
        terminal.type('echo code=$?');
        await terminal.shows(/^code=130$/m);
        terminal.resize(100, 25);
        await vi.waitFor(
          () => {
            terminal.type('clear; stty size');
            expect(terminal.screen()).toMatch(/^25 100$/m);
          },
          { timeout: 20_000, interval: 500 },
        );
        terminal.type('exit 3');
        await terminal.shows(/^left with 3$/m);
        terminal.type('stty -a | grep -o "isig icanon"');
        await terminal.shows(/^isig icanon$/m);
        terminal.type(`aichor experiments exec -it ${id} -- sh -c 'stty size; exit 8'; echo "left with $?"`);
        await terminal.shows(/^25 100\nleft with 8$/m);
      } finally {
        terminal.close();
      }
      await world.client.cancel({ ids: [id] });
      await world.end(id);
    }),
  );
});
