import { setTimeout as sleep } from 'node:timers/promises';
import { ended, row } from '../lab.js';
import { listed, load, openServer, someLive } from '../load.js';
import { todaysBuild } from '../today.js';

/** In so many rounds, ours and the build before in turn: whatever else the machine does meets both. */
const EXPERIMENTS = Number(process.env.AICHOR_BENCH_EXPERIMENTS ?? 2000);
const ROUNDS = 4;
const CLIENTS = 8;
/** Experiments that run side by side. */
const AT_ONCE = 16;

/** 2,000 experiments whose command is `true`: from the first submission until the last has ended. */
export async function measure() {
  const ours = await openServer({ command: 'true', cpus: AT_ONCE });
  const before = await openServer({ command: 'true', cpus: AT_ONCE, checkout: todaysBuild() });
  const seconds = { ours: 0, before: 0, bare: 0 };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      seconds.before += await run(before, EXPERIMENTS / ROUNDS);
      seconds.ours += await run(ours, EXPERIMENTS / ROUNDS);
      seconds.bare += await bare(EXPERIMENTS / ROUNDS);
    }
  } finally {
    await Promise.all([ours.lab.close(), before.lab.close()]);
  }
  const floor = `as many \`true\` from Node, ${AT_ONCE} at a time, ${seconds.bare.toFixed(1)} s`;
  return [
    row(`${EXPERIMENTS} starts and ends of true`, {
      value: seconds.ours,
      today: seconds.before,
      unit: 's',
      limit: 0.6 * seconds.before,
      floor,
    }),
  ];
}

async function run(server, count) {
  const started = performance.now();
  await load(server, { clients: CLIENTS, count });
  while (await someLive(server.socket)) await sleep(50);
  const seconds = (performance.now() - started) / 1000;
  const failed = await listed(server.socket, 'status=Failed&limit=1');
  if (failed.length > 0) throw new Error(`${failed[0].experiment_id} failed: ${failed[0].explanation}`);
  return seconds;
}

async function bare(count) {
  const started = performance.now();
  let left = count;
  const one = async () => {
    while (left-- > 0) await ended('true', []);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return (performance.now() - started) / 1000;
}
