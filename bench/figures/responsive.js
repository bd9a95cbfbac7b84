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

const LIMIT_MS = 250;

/** What others wait for `/v1/health` while the control plane serves the largest of what it takes. */
export async function measure() {
  const lab = openLab();
  try {
    const tiny = writeRepository(join(lab.folder, 'tiny'), { command: 'true' });
    await lab.json(['experiments', 'submit', 'local', '--repo-dir', tiny, '--wait']);
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
