import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { row } from '../lab.js';
import { load, memoryOf, openServer, post, resetPeak, someLive } from '../load.js';

const EXPERIMENTS = 500;
const CLIENTS = 40;
/** Those that run; the others wait. */
const AT_ONCE = 100;

/** 500 live experiments that 40 clients cancel at the same moment: what the server holds until all have ended. */
export async function measure() {
  const server = await openServer({ command: 'exec sleep 3600', cpus: AT_ONCE });
  try {
    await load(server, { clients: CLIENTS, count: EXPERIMENTS - 1 });
    resetPeak(server.pid);
    const started = performance.now();
    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
    const cancel = () => post({ agent, socket: server.socket }, '/v1/experiments/cancel', '{"all": true}');
    await Promise.all(Array.from({ length: CLIENTS }, cancel));
    while (await someLive(server.socket)) await sleep(50);
    agent.destroy();
    const seconds = (performance.now() - started) / 1000;
    const peak = memoryOf(server.pid, 'VmHWM');
    const what = `${EXPERIMENTS} experiments cancelled by ${CLIENTS} clients at once`;
    return [
      row(what, { value: seconds, unit: 's', limit: 30, floor: 'none' }),
      row(`server meanwhile, at most`, { value: peak, unit: 'MB', limit: 200, floor: 'none' }),
    ];
  } finally {
    await server.lab.close();
  }
}
