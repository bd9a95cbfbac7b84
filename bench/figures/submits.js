import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, openBusyServer } from '../load.js';
import { row } from '../lab.js';
import { todaysBuild } from '../today.js';

const CLIENTS = [
  { clients: 1, limit: 2.5 },
  { clients: 8, limit: 1 },
  { clients: 64, limit: 1 },
];
const ROUND_MS = 2000;
const ROUNDS = 3;

/** Submits of one small manifest through the socket, each durable before it is answered, while all of them wait. */
export async function measure() {
  const ours = await openBusyServer();
  const before = await openBusyServer({ checkout: todaysBuild() });
  try {
    const inserts = await bareInserts();
    const best = { ours: new Map(), before: new Map() };
    for (const { clients } of CLIENTS)
      for (let round = 0; round < ROUNDS; round++) {
        keep(best.ours, clients, await load(ours, { clients, ms: ROUND_MS }));
        keep(best.before, clients, await load(before, { clients, ms: ROUND_MS }));
      }
    const floor = `a durable insert, ${(1000 / inserts).toFixed(2)} ms (${inserts.toFixed(0)} a second)`;
    const rows = CLIENTS.map(({ clients, limit }) =>
      row(`one submit of ${clients} client${clients === 1 ? '' : 's'}`, {
        value: 1000 / best.ours.get(clients).rate,
        today: 1000 / best.before.get(clients).rate,
        unit: 'ms',
        limit,
        floor,
      }),
    );
    const p99 = row('submit of 64 clients, 99th percentile', {
      value: best.ours.get(64).p99,
      today: best.before.get(64).p99,
      unit: 'ms',
      limit: 150,
      floor: 'none',
    });
    const ratio = row('durable inserts in the time of one submit of 64 clients', {
      value: inserts / best.ours.get(64).rate,
      today: inserts / best.before.get(64).rate,
      unit: 'x',
      limit: 4,
      floor,
    });
    return [...rows, p99, ratio];
  } finally {
    await ours.close();
    await before.close();
  }
}

function keep(best, clients, measured) {
  const known = best.get(clients);
  if (known === undefined || measured.rate > known.rate) best.set(clients, measured);
}

/** Rows a second that SQLite takes with `synchronous = FULL`, each in a transaction of its own. */
async function bareInserts() {
  const { DatabaseSync } = await import('node:sqlite').catch(() => import('@photostructure/sqlite'));
  const folder = mkdtempSync(join(tmpdir(), 'aichor-bench-'));
  try {
    const database = new DatabaseSync(join(folder, 'floor.sqlite'));
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (id TEXT, text TEXT)',
    );
    const insert = database.prepare('INSERT INTO t VALUES (?, ?)');
    const text = 'x'.repeat(4000);
    let best = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const started = performance.now();
      let count = 0;
      for (; performance.now() - started < 500; count++) insert.run(String(count), text);
      best = Math.max(best, (1000 * count) / (performance.now() - started));
    }
    database.close();
    return best;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
