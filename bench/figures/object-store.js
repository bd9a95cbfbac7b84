import { build } from 'esbuild';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
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
      ...(await oneLarge(bench, aichor, files)),
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

async function servers(bench, own, other) {
  const load = await loadClient(bench);
  const cpu = { ours: {}, versitygw: {} };
  for (const server of [own, other]) {
    const bucket = load(server.port);
    const signal = new AbortController().signal;
    const of = async (what, work) => {
      const before = cpuOf(server.pid);
      await work();
      cpu[server.name][what] = cpuOf(server.pid) - before;
    };
    const body = randomBytes(4096);
    const each = async (work) => {
      const numbers = Array.from({ length: SERVED }, (_, number) => number).values();
      await Promise.all(
        Array.from({ length: 16 }, async () => {
          for (const number of numbers) await work(`small/${number}`);
        }),
      );
    };
    await of('small', async () => {
      await each((key) => bucket.put(key, body, signal));
      await each((key) => bucket.read(key, { start: 0, length: body.length }, signal));
    });
    await of('large', async () => {
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
    });
    await bucket.remove(['large'], signal);
  }
  const beside = (what) => cpu.ours[what] / cpu.versitygw[what];
  return [
    row(`S3 of this machine: ${SERVED} small files put and got, CPU`, {
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

async function oneLarge({ folder }, aichor, { large }) {
  const up = await aichor('upload', large, '--to', 'one');
  const down = await aichor('download', '--inputs', 'one/large.bin', '--to', join(folder, 'one'));
  if (statSync(join(folder, 'one/one/large.bin')).size !== statSync(large).size)
    throw new Error('it did not come whole');
  return [
    row(`storage up and down: ${(LARGE / 1e9).toFixed(1)} GB, most memory of command or control plane`, {
      value: Math.max(up.memory, down.memory),
      unit: 'MB',
      limit: 150,
      floor: 'none',
    }),
  ];
}
