/**
 * `node bench/logs.js`: the log store by itself, without server and command, each figure beside a floor measured in
 * turn in the same run. (`npm run bench read-logs follower` measures the same through the whole program.)
 */
import { build } from 'esbuild';
import { createReadStream, mkdtempSync, rmSync, watch } from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { interleaved, median, root } from './lab.js';

const OUT = { step: 'run', pod: 'worker-0-0', attempt: 1, stream: 'stdout' };
const LINES = 500_000;
const FOLLOWERS = 50;

const folder = mkdtempSync(join(tmpdir(), 'aichor-bench-logs-'));
const { createLogStore } = await loadStore();
const store = createLogStore(join(folder, 'experiments'), () => new Date());
let experiments = 0;
try {
  await captureAndRead();
  await latency(1);
  await latency(FOLLOWERS);
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}

async function captureAndRead() {
  const text = Array.from(
    { length: LINES },
    (_, step) => `step ${step} loss 0.12345 lr 0.001 and some more words\n`,
  ).join('');
  const megabytes = Buffer.byteLength(text) / 1e6;
  const plain = join(folder, 'plain.log');
  await writeFile(plain, text);
  let logs = await printed(text);
  const signal = new AbortController().signal;
  const times = await interleaved(5, {
    floor: () => timeOf(() => drain(createReadStream(plain, { highWaterMark: 256 * 1024 }))),
    capture: async () => {
      logs = await printed(text);
      return timeOf(() => logs.appended([OUT]));
    },
    json: () => timeOf(() => drain(logs.read({}, { follow: false, signal }))),
    raw: () => timeOf(() => drain(logs.raw({ pod: OUT.pod, follow: false, signal }))),
    tail: () => timeOf(() => drain(logs.read({ tail: 100 }, { follow: false, signal }))),
  });
  const rate = (ms) => `${((megabytes / ms) * 1000).toFixed(0)} MB/s`;
  print('reading the file (floor)', rate(times.floor), '1 x');
  print('capture: bytes to lines', rate(times.capture), ratio(times.capture, times.floor));
  print(
    'read as JSON lines',
    `${rate(times.json)}, ${(LINES / times.json / 1000).toFixed(2)} M lines/s`,
    ratio(times.json, times.floor),
  );
  print('read raw', rate(times.raw), ratio(times.raw, times.floor));
  print('last 100 lines', `${times.tail.toFixed(1)} ms`, ratio(times.tail, times.floor));
}

/** From an append to the line in the hands of the followers, the file being watched as an engine does. */
async function latency(followers) {
  const logs = await store.open(`experiment-${experiments++}`);
  const path = await logs.file(OUT);
  const name = path.slice(dirname(path).length + 1);
  const delays = [];
  const floor = [];
  let sent = 0;
  const watcher = watch(dirname(path), (_event, changed) => {
    if (changed !== name) return;
    floor.push(performance.now() - sent);
    void logs.appended([OUT]);
  });
  const readers = Array.from({ length: followers }, () => {
    const { signal } = new AbortController();
    return logs.read({}, { follow: true, signal })[Symbol.asyncIterator]();
  });
  for (let line = 0; line < 200; line++) {
    const seen = Promise.all(
      readers.map((reader) => reader.next().then(() => delays.push(performance.now() - sent))),
    );
    sent = performance.now();
    await appendFile(path, `${line}\n`);
    await seen;
  }
  watcher.close();
  await logs.finish();
  const sorted = [...delays].sort((a, b) => a - b);
  const p99 = sorted[Math.floor(0.99 * sorted.length)];
  print(
    `append to follower, ${followers} of them`,
    `p50 ${median(delays).toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`,
    ratio(median(delays), median(floor)),
  );
}

async function printed(text) {
  const logs = await store.open(`experiment-${experiments++}`);
  await writeFile(await logs.file(OUT), text);
  return logs;
}

async function timeOf(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function drain(chunks) {
  let bytes = 0;
  for await (const chunk of chunks) bytes += chunk.length;
  if (bytes === 0) throw new Error('nothing was read');
}

function ratio(value, floor) {
  return `${(value / floor).toFixed(2)} x the floor`;
}

function print(what, value, beside) {
  process.stdout.write(`${what.padEnd(34)} ${value.padEnd(34)} ${beside}\n`);
}

/** The store's source, bundled for this run only. */
async function loadStore() {
  const outfile = join(folder, 'log-store.mjs');
  await build({
    entryPoints: [join(root, 'src/logs/store/log-store.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}
