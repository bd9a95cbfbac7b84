import { join } from 'node:path';
import { ended, root, row } from '../lab.js';
import { writeRepository } from '../repository.js';
import { sent } from './server.js';

const FLOOR = join(root, 'bench', 'team', 'floor.js');
const CLIENTS = [
  [1, 400],
  [8, 1200],
  [64, 3000],
];
const WARMING_UP = 400;

/**
 * Submits a second of so many clients, as bare transactions in the time of one: rows of a table.
 *
 * @param {string} disk how its disk is called, where that is not the machine's as it is
 */
export async function submitRows(team, { disk = '' } = {}) {
  const rates = await submitRates(team);
  return rates.map(({ clients, rate, floor }) => {
    const who = `${clients} client${clients === 1 ? '' : 's'}`;
    return row(`bare transactions with the same rows in the time of one submit of ${who}${disk}`, {
      value: floor / rate,
      unit: 'x',
      limit: 2,
      floor: `SQLite with FULL, ${floor.toFixed(0)} a second; submits: ${rate.toFixed(0)}`,
    });
  });
}

/** Each rate stands between two looks at the floor, because both wait for one disk. One round warms up. */
async function submitRates(team) {
  const { lab, home } = team;
  const submission = await firstSubmission(team);
  const send = async (clients, count) => {
    const bodies = Array(count).fill(submission);
    const { rate, statuses } = await sent(team, '/v1/experiments', { bodies, clients });
    if (statuses.get(201) !== count) throw new Error(`answers: ${JSON.stringify([...statuses])}`);
    return rate;
  };
  // A process of its own: on the same disk as the server, with the same programs.
  const bare = async () => {
    const args = [FLOOR, join(home, 'control-plane.sqlite'), lab.folder];
    return Number((await ended(process.execPath, args, { env: lab.env })).stdout);
  };
  await send(1, WARMING_UP);
  const rates = [];
  let before = await bare();
  for (const [clients, count] of CLIENTS) {
    const rate = await send(clients, count);
    const after = await bare();
    rates.push({ clients, rate, floor: (before + after) / 2 });
    before = after;
  }
  return rates;
}

/** One experiment that runs on, so that all others wait; what submits the same code again. */
async function firstSubmission({ lab, url, key }) {
  const env = { ...lab.env, AICHOR_SERVER: url, AICHOR_API_KEY: key };
  const folder = writeRepository(join(lab.folder, 'long'), { command: 'exec sleep 3600' });
  const { experiment_id: id } = await lab.json(
    ['experiments', 'submit', 'local', '--repo-dir', folder, '--message', 'bench'],
    { env },
  );
  const { source } = await lab.json(['experiments', 'get', id], { env });
  return JSON.stringify({ source: { kind: 'local', snapshot: source.snapshot }, message: 'bench' });
}
