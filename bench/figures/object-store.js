import { build } from 'esbuild';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { root, row } from '../lab.js';
import {
  aichorWith,
  cpuOf,
  createBench,
  isInstalled,
  KEYS,
  ours,
  peakOf,
  took,
  versitygw,
} from '../object-store.js';

/** `AICHOR_BENCH_SMALL` and `AICHOR_BENCH_LARGE` make it shorter: files, and bytes of the large one. */
const FILES = Number(process.env.AICHOR_BENCH_SMALL ?? 20_000);
const LARGE = Number(process.env.AICHOR_BENCH_LARGE ?? 2e9);
const SERVED = Math.min(3000, FILES);
const PART = 16 * 1024 * 1024;

/** The S3 address of this machine beside versitygw, and uploads and downloads beside aws: seconds of the processor. */
export async function measure() {
  if (!isInstalled('versitygw')) return [];
  const bench = createBench();
  try {
    const [own, other] = [await ours(bench), await versitygw(bench)];
    const rows = await servers(bench, own, other);
    const files = makeFiles(bench);
    const aichor = await aichorWith(bench, other);
    return [
      ...rows,
      ...(await smallFiles(bench, aichor, { files, other })),
      ...(await oneLarge(bench, aichor, { ...files, other })),
    ];
  } finally {
    await bench.end();
  }
}

/** A folder of small files, and a large one: no two of them alike. */
function makeFiles({ folder }) {
  const small = join(folder, 'small');
  const noise = randomBytes(1 << 20);
  for (let at = 0; at < FILES; at++) {
    if (at % 1000 === 0) mkdirSync(join(small, String(at / 1000)), { recursive: true });
    const start = (at * 97) % (noise.length - 4096);
    writeFileSync(
      join(small, String(Math.floor(at / 1000)), `${at}.bin`),
      noise.subarray(start, start + 1024 + (at % 3072)),
    );
  }
  return { small, large: largeFile(folder) };
}

function largeFile(folder) {
  const path = join(folder, 'large.bin');
  const piece = randomBytes(1 << 20);
  writeFileSync(path, '');
  for (let bytes = 0; bytes < LARGE; bytes += piece.length) {
    piece.writeUInt32LE(bytes % 2 ** 32);
    writeFileSync(path, piece, { flag: 'a' });
  }
  return path;
}

/** Rounds in turn, so that what else runs on the machine, and what its disk is busy with, meets both. */
const ROUNDS = 3;
const CLIENTS = 16;

async function servers(bench, own, other) {
  const load = await loadClient(bench);
  const cpu = { ours: { small: 0, large: 0 }, versitygw: { small: 0, large: 0 } };
  const of = async (server, what, work) => {
    const before = cpuOf(server.pid);
    await work(load(server.port));
    cpu[server.name][what] += cpuOf(server.pid) - before;
  };
  for (let round = 0; round < ROUNDS; round++)
    for (const server of round % 2 === 0 ? [own, other] : [other, own])
      await of(server, 'small', (bucket) => manySmall(bucket, round));
  for (const server of [own, other]) await of(server, 'large', inParts);
  const beside = (what) => cpu.ours[what] / cpu.versitygw[what];
  return [
    row(`S3 of this machine: ${ROUNDS} times ${SERVED} small files put and got, CPU`, {
      value: beside('small'),
      unit: 'x',
      limit: 1.5,
      floor: `versitygw: ${cpu.versitygw.small.toFixed(1)} s`,
    }),
    row(`the same, ${(LARGE / 1e9).toFixed(1)} GB up and down, CPU`, {
      value: beside('large'),
      unit: 'x',
      limit: 1.5,
      floor: `versitygw: ${cpu.versitygw.large.toFixed(1)} s`,
    }),
    row('the same, most memory', {
      value: peakOf(own.pid),
      unit: 'MB',
      limit: 140,
      floor: `versitygw: ${peakOf(other.pid).toFixed(0)} MB`,
    }),
  ];
}

async function manySmall(bucket, round) {
  const { signal } = new AbortController();
  // Each of the clients below listens to it, which is no leak.
  setMaxListeners(0, signal);
  const body = randomBytes(4096);
  const each = async (work) => {
    const numbers = Array.from({ length: SERVED }, (_, number) => number).values();
    await Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        for (const number of numbers) await work(`small-${round}/${number}`);
      }),
    );
  };
  await each((key) => bucket.put(key, body, signal));
  await each((key) => bucket.read(key, { start: 0, length: body.length }, signal));
}

async function inParts(bucket) {
  const { signal } = new AbortController();
  const upload = await bucket.begin('large', signal);
  const piece = randomBytes(PART);
  const numbers = Array.from({ length: Math.ceil(LARGE / PART) }, (_, at) => at + 1);
  for (const number of numbers)
    await bucket.putPart(
      { key: 'large', upload, number },
      { content: Readable.from([piece], { objectMode: false }), bytes: PART },
      signal,
    );
  const parts = await bucket.parts({ key: 'large', upload }, signal);
  await bucket.complete({ key: 'large', upload, parts }, signal);
  const content = await bucket.open('large', { start: 0, etag: null }, signal);
  let bytes = 0;
  for await (const some of content) bytes += some.length;
  if (bytes !== numbers.length * PART) throw new Error(`${bytes} bytes came back`);
  await bucket.remove(['large'], signal);
}

async function loadClient({ folder }) {
  const outfile = join(folder, 'client.mjs');
  const entry = join(root, 'src', 'object-store', 'client', 'object-bucket.ts');
  await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    external: ['undici'],
    logLevel: 'error',
  });
  const { openObjectBucket } = await import(pathToFileURL(outfile).href);
  return (port) =>
    openObjectBucket(
      { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', ...KEYS, sessionToken: null },
      { bucket: 'default-outputs', env: {}, now: () => new Date() },
    );
}

async function smallFiles({ folder }, aichor, { files: { small }, other }) {
  if (!isInstalled('aws')) return [];
  const env = {
    AWS_ACCESS_KEY_ID: KEYS.accessKey,
    AWS_SECRET_ACCESS_KEY: KEYS.secretKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${other.port}`,
  };
  const rows = [];
  const both = [
    [
      'up',
      () => aichor('upload', small, '--to', 'ours'),
      () => took('aws', ['s3', 'sync', '--only-show-errors', small, 's3://default-inputs/theirs'], env),
    ],
    [
      'down',
      () => aichor('download', '--inputs', 'ours', '--to', join(folder, 'got')),
      () =>
        took(
          'aws',
          ['s3', 'sync', '--only-show-errors', 's3://default-inputs/theirs', join(folder, 'got-aws')],
          env,
        ),
    ],
  ];
  for (const [way, ourWay, theirs] of both) {
    const [mine, aws] = [await ourWay(), await theirs()];
    const floor = (what) => `aws s3 sync: ${aws[what].toFixed(1)} s`;
    rows.push(
      row(`storage ${way}: ${FILES} small files, CPU`, {
        value: mine.cpu / aws.cpu,
        unit: 'x',
        limit: 0.4,
        floor: floor('cpu'),
      }),
      row(`the same, time`, { value: mine.wall / aws.wall, unit: 'x', limit: 0.5, floor: floor('wall') }),
    );
  }
  return rows;
}

async function oneLarge({ folder }, aichor, { large, other }) {
  const what = `storage up and down: ${(LARGE / 1e9).toFixed(1)} GB`;
  const down = join(folder, 'one');
  const mine = [
    await aichor('upload', large, '--to', 'one'),
    await aichor('download', '--inputs', 'one/large.bin', '--to', down),
  ];
  if (statSync(join(down, 'one/large.bin')).size !== statSync(large).size)
    throw new Error('it did not come whole');
  rmSync(down, { recursive: true });
  const memory = row(`${what}, most memory of command or control plane`, {
    value: Math.max(...mine.map((each) => each.memory)),
    unit: 'MB',
    limit: 150,
    floor: 'none',
  });
  if (!isInstalled('rclone')) return [memory];
  const rclone = (...words) => took('rclone', [...words], rcloneWith(other));
  const theirs = [
    await rclone('copyto', large, 'bench:default-inputs/rclone/large.bin'),
    await rclone('copyto', 'bench:default-inputs/rclone/large.bin', join(down, 'large.bin')),
  ];
  if (statSync(join(down, 'large.bin')).size !== statSync(large).size)
    throw new Error('it did not come whole by rclone');
  const sum = (of, key) => of.reduce((all, each) => all + each[key], 0);
  const beside = (key) => ({
    value: sum(mine, key) / sum(theirs, key),
    unit: 'x',
    limit: 1.2,
    floor: `rclone: ${sum(theirs, key).toFixed(1)} s`,
  });
  return [memory, row(`${what}, CPU`, beside('cpu')), row('the same, time', beside('wall'))];
}

/** What rclone reads instead of its file of settings. */
function rcloneWith({ port }) {
  return {
    RCLONE_CONFIG_BENCH_TYPE: 's3',
    RCLONE_CONFIG_BENCH_PROVIDER: 'Other',
    RCLONE_CONFIG_BENCH_ENDPOINT: `http://127.0.0.1:${port}`,
    RCLONE_CONFIG_BENCH_REGION: 'us-east-1',
    RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: KEYS.accessKey,
    RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: KEYS.secretKey,
    RCLONE_CONFIG: '/dev/null',
    // versitygw fails to make a bucket that is there, and rclone asks for that again and again.
    RCLONE_CONFIG_BENCH_NO_CHECK_BUCKET: 'true',
    // With one of its own it does not start, and the address has no TLS.
    AWS_CA_BUNDLE: '',
  };
}
