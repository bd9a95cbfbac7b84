import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { ExperimentList, ListQueryInput, ServerStatus } from '../../src/api/contract.ts';
import { eachAtMost } from '../../src/base/async/at-most.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { moment, until } from './processes.ts';
import type { Server } from './server.ts';
import { insist, inWorld, type World } from './world.ts';

/** What the control plane may have open: some eighty for itself and the logs, and what the clients take. */
const DESCRIPTORS = scaled(160, 256);
/** Live at once, all of them running. */
const EXPERIMENTS = scaled(70, 2000);
const CLIENTS = scaled(16, 40);

/** Waits until the test opens the gate, then ends with a code of its own. */
const SCRIPT = 'read -r _ <"$GATE" || :\nexit "$CODE"\n';

test.runIf(process.platform === 'linux')(
  `${EXPERIMENTS} experiments that run at once, and ${DESCRIPTORS} descriptors: each ends as it should`,
  () =>
    inWorld(
      async (world) => {
        const { client, folder, home } = world;
        const gate = join(folder, 'gate');
        expect(spawnSync('mkfifo', [gate]).status).toBe(0);
        const server = await world.start('', { descriptors: DESCRIPTORS });
        const busy = watchStatus(world, server);
        const snapshot = await world.upload({ script: SCRIPT });
        const codes = new Map<string, number>();
        await eachAtMost(CLIENTS, Array(EXPERIMENTS).keys(), async (number) => {
          const code = number % 3;
          const env = { GATE: gate, CODE: String(code) };
          codes.set(await world.submit(snapshot, { env }), code);
        });
        await until(async () => (await numbers(world))['Running'] === EXPERIMENTS, 500);
        await until(async () => {
          closeSync(openSync(gate, 'r+'));
          return (await insist(() => client.server())).live_experiments === 0;
        }, 500);
        const wrong = [];
        for (const [id, code] of codes) {
          const { status, pods } = await insist(() => client.get(id));
          const [pod] = pods;
          const isRight = status === (code === 0 ? 'Succeeded' : 'Failed') && pod?.exit_code === code;
          if (!isRight) wrong.push({ id, code, status, pods });
        }
        expect(wrong).toEqual([]);
        await busy.end();
        expect(await errorsIn(join(home, 'server.log'))).toEqual([]);
        expect(server.alive()).toBe(true);
      },
      { cpus: 100_000 },
    ),
  PATIENCE_MS,
);

/** How many experiments have each status. */
async function numbers({ client }: World): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: ListQueryInput = { limit: 1000, ...(cursor !== '' && { cursor }) };
    const page: ExperimentList = await insist(() => client.list(query));
    for (const { status } of page.experiments) counts[status] = (counts[status] ?? 0) + 1;
    cursor = page.next_cursor;
  }
  return counts;
}

/** Asks again and again whether the control plane runs: it does, however much it has to do. */
function watchStatus(world: World, { pid }: Server): { end(): Promise<void> } {
  let over = false;
  const watching = (async () => {
    while (!over) {
      const { code, stdout, stderr } = await world.aichor(['server', 'status']);
      // On a machine with other work it may be silent for long; then that is said, with the process that is meant.
      if (code === 7) expect(stderr).toContain(`(pid ${pid}) does not answer`);
      else {
        expect(stderr).toBe('');
        expect((JSON.parse(stdout.toString()) as ServerStatus).running).toBe(true);
      }
      await moment(1000);
    }
  })();
  watching.catch(() => undefined);
  return {
    async end() {
      over = true;
      await watching;
    },
  };
}

const ERROR = 50;

async function errorsIn(log: string): Promise<unknown[]> {
  const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).filter(({ level }) => level >= ERROR);
}
