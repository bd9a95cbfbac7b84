/** A connection that stays open and says nothing any more: a proxy, a firewall or a tunnel that has forgotten it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from './processes.ts';
import { NONE, startProxy, type Asked, type Fault } from './proxy.ts';
import { PATIENCE_MS } from './scale.ts';
import { inWorld, type World } from './world.ts';

/** A server that says something every 15 seconds, beyond a proxy that lets nothing of its first streams through any more. */
async function beyondSilence<T>(world: World, act: (env: NodeJS.ProcessEnv) => Promise<T>): Promise<T> {
  const isStream = ({ path }: Asked) => /\/(?:watch|logs)\b/.test(path);
  const faultOf = (asked: Asked): Fault => (isStream(asked) && asked.before === 0 ? { kind: 'fall silent' } : NONE); // prettier-ignore
  const proxy = await startProxy(join(world.home, 'server.sock'), 0, faultOf);
  try {
    const server = { AICHOR_SERVER: proxy.address, AICHOR_API_KEY: 'a key for nobody' };
    return await act({ ...server, AICHOR_HOME: join(world.folder, 'user') });
  } finally {
    await proxy.close();
  }
}

test('wait and logs --follow go on after a connection that fell silent, and miss nothing', { timeout: PATIENCE_MS }, () =>
  inWorld(async (world) => {
    await world.start();
    const gate = join(world.folder, 'gate');
    const script = `echo before; while ! [ -e '${gate}' ]; do sleep 0.1; done; echo after`;
    const id = await world.submit(await world.upload({ script }));
    await until(async () => (await world.aichor(['experiments', 'logs', id])).stdout.includes('before'));
    await beyondSilence(world, async (env) => {
      const commands = Promise.all([
        world.aichor(['experiments', 'wait', id], { env }),
        world.aichor(['experiments', 'logs', id, '--follow', '--pod', 'worker-0-0'], { env }),
      ]);
      await writeFile(gate, '');
      await world.end(id);
      const [waited, followed] = await commands;
      expect(waited.code, waited.stderr).toBe(0);
      expect(JSON.parse(waited.stdout.toString())).toMatchObject({ experiments: [{ status: 'Succeeded' }] });
      expect(followed.code, followed.stderr).toBe(0);
      const lines = followed.stdout.toString().trim().split('\n').map((line) => JSON.parse(line).text);
      expect(lines).toEqual(['before', 'after']);
    });
  }),
); // prettier-ignore
