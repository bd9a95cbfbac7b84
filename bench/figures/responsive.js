import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createReadStream } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';
import { writeTree } from '../tree.js';

const LIMIT_MS = 250;
/** Experiments that are examined, and stored files. */
const MANY = 5000;
const FILES = 20_000;

/** What others wait for `/v1/health` while the control plane serves the largest of what it takes. */
export async function measure() {
  const lab = openLab();
  try {
    const tiny = writeRepository(join(lab.folder, 'tiny'), { command: 'true' });
    await lab.json(['experiments', 'submit', 'local', '--repo-dir', tiny, '--wait']);
    const large = writeTree(writeRepository(join(lab.folder, 'large'), { command: 'true' }), {
      files: FILES,
      bytes: 2000,
    });
    const { experiment_id: id } = await lab.json([
      ...['experiments', 'submit', 'local', '--repo-dir', large, '--wait'],
    ]);
    await multiply(lab, id);
    const { address } = await lab.json(['server', 'status']);
    const socket = address.replace(/^unix:/, '');
    const idle = await healthDuring(socket, () => new Promise((resolve) => setTimeout(resolve, 2000)));
    const rows = [];
    for (const [what, work] of Object.entries(await largest(lab, socket))) {
      const value = await healthDuring(socket, work);
      const floor = `idle: ${idle.toFixed(1)} ms`;
      rows.push(row(`health beside ${what}, p99`, { value, unit: 'ms', limit: LIMIT_MS, floor }));
    }
    return rows;
  } finally {
    await lab.close();
  }
}

/** 99th percentile of the time that `/v1/health` takes meanwhile, in milliseconds; asked for by a thread of its own. */
async function healthDuring(socket, work) {
  const poller = new Worker(new URL('../health-poller.js', import.meta.url), { workerData: { socket } });
  await once(poller, 'message');
  await work();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  poller.postMessage('stop');
  const [times] = await once(poller, 'message');
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.99)];
}

async function largest(lab, socket) {
  const json = join(lab.folder, 'listing.json');
  await writeFile(json, await jsonListing(7_900_000));
  const lines = join(lab.folder, 'listing.ndjson');
  await pipeline(lineListing(120_000_000), createWriteStream(lines));
  const dockerfile = writeRepository(join(lab.folder, 'dockerfile'), { command: 'true' });
  const copies = Array.from(
    { length: 999 },
    (_, at) => `COPY manifest.yaml /target/${'x'.repeat(200)}/${at}\n`,
  );
  await writeFile(join(dockerfile, 'Dockerfile'), `FROM python:3.12\n${copies.join('')}`);
  const talker = writeRepository(join(lab.folder, 'talker'), { command: 'seq 1 500000' });
  const { experiment_id: id } = await lab.json([
    'experiments',
    'submit',
    'local',
    '--repo-dir',
    talker,
    '--wait',
  ]);
  return {
    'a listing of 8 MB of JSON': () =>
      sent(socket, '/v1/snapshots', { file: json, type: 'application/json' }),
    'a listing of 120 MB of lines': () =>
      sent(socket, '/v1/snapshots', { file: lines, type: 'application/x-ndjson' }),
    'a Dockerfile of 999 copies': () =>
      lab.aichor(['experiments', 'submit', 'local', '--repo-dir', dockerfile, '--wait'], { codes: [0, 8] }),
    'a log of 500,000 lines for 4 readers': () =>
      Promise.all([1, 2, 3, 4].map(() => sent(socket, `/v1/experiments/${id}/logs`))),
    'server doctor': async () => {
      const { checked } = await lab.json(['server', 'doctor'], { codes: [0, 7] });
      if (checked.experiments < MANY) throw new Error(`${checked.experiments} experiments were examined`);
    },
  };
}

/** One request, its answer read to the end; rejects unless it is a success. */
function sent(socket, path, body) {
  return new Promise((resolve, reject) => {
    const agent = new Agent();
    const headers = { host: 'aichor', ...(body && { 'content-type': body.type }) };
    const asked = request(
      { agent, socketPath: socket, method: body ? 'POST' : 'GET', path, headers },
      (answer) => {
        let said = '';
        answer.on('data', (chunk) => (said.length < 1000 ? (said += chunk) : undefined));
        answer.on('end', () =>
          answer.statusCode < 300 ? resolve() : reject(new Error(`${answer.statusCode}: ${said}`)),
        );
      },
    );
    asked.on('error', reject);
    if (body) createReadStream(body.file).pipe(asked);
    else asked.end();
  });
}

/** As many experiments as one that ended well, in its database: ones that were run would take an hour. */
async function multiply(lab, id) {
  await lab.aichor(['server', 'stop']);
  const { DatabaseSync } = await import('@photostructure/sqlite');
  const database = new DatabaseSync(join(lab.env.AICHOR_HOME, 'control-plane.sqlite'));
  const { number, ...row } = database.prepare('SELECT * FROM experiments WHERE id = ?').get(id);
  const events = database.prepare('SELECT * FROM events WHERE number = ?').all(number);
  const names = Object.keys(row);
  const insert = database.prepare(
    `INSERT INTO experiments (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  );
  const insertEvent = database.prepare(
    'INSERT INTO events (number, position, type, event) VALUES (?, ?, ?, ?)',
  );
  database.exec('BEGIN');
  for (let copy = 0; copy < MANY; copy++) {
    const other = id.replace(/.{12}$/, String(copy).padStart(12, '0'));
    const texts = Object.values(row).map((value) =>
      typeof value === 'string' ? value.replaceAll(id, other) : value,
    );
    const { lastInsertRowid } = insert.run(...texts);
    for (const { position, type, event } of events) insertEvent.run(lastInsertRowid, position, type, event);
  }
  database.exec('COMMIT');
  database.close();
  await lab.aichor(['experiments', 'list']);
}

function pathOf(at) {
  return `d${String(at >> 8).padStart(6, '0')}/f${String(at).padStart(8, '0')}`;
}

function hashOf(at) {
  return createHash('sha256').update(String(at)).digest('hex');
}

function jsonListing(bytes) {
  const entries = [];
  for (let size = 0, at = 0; size < bytes; at++) {
    const entry = { path: pathOf(at), kind: 'file', executable: false, bytes: 10, sha256: hashOf(at) };
    size += JSON.stringify(entry).length + 1;
    entries.push(entry);
  }
  return JSON.stringify({ entries });
}

function* lineListing(bytes) {
  yield '{"base":null}\n';
  for (let size = 0, at = 0; size < bytes; at++) {
    const line = `${JSON.stringify([pathOf(at), 'f', hashOf(at), 10])}\n`;
    size += line.length;
    yield line;
  }
}
