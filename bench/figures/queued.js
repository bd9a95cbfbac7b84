import { setTimeout as sleep } from 'node:timers/promises';
import { load, memoryOf, openBusyServer, resetPeak } from '../load.js';
import { row } from '../lab.js';

const EXPERIMENTS = 10_000;

/** 10,000 experiments that wait: what they take in memory, and what it takes to cancel them all with one command. */
export async function measure() {
  const { resting, seconds, peak } = await queueAndCancel();
  const floor = 'none';
  return [
    row('server beside 10,000 queued', {
      value: resting,
      unit: 'MB',
      limit: 110,
      floor,
    }),
    row('10,000 queued, one cancel --all', {
      value: seconds,
      unit: 's',
      limit: 30,
      floor,
    }),
    row('server while they are cancelled, at most', {
      value: peak,
      unit: 'MB',
      limit: 200,
      floor,
    }),
  ];
}

async function queueAndCancel() {
  const server = await openBusyServer();
  try {
    await load(server, { clients: 64, count: EXPERIMENTS });
    const resting = await rested(server.pid);
    resetPeak(server.pid);
    const { ms } = await server.lab.aichor(['experiments', 'cancel', '--all', '--yes'], { codes: [0, 1] });
    return { resting, seconds: ms / 1000, peak: memoryOf(server.pid, 'VmHWM') };
  } finally {
    await server.close();
  }
}

/** The least that it holds in the first 20 seconds without work: memory is given back some time after it was used. */
async function rested(pid) {
  let least = Infinity;
  for (let look = 0; look < 20; look++) {
    await sleep(1000);
    least = Math.min(least, memoryOf(pid));
  }
  return least;
}
