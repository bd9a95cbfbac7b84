/**
 * FI-14, FI-15, FI-18: whatever pods print, and whoever is away meanwhile, it is all there, byte by byte.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rawLog } from '../../src/client/streams/follow-logs.ts';
import { processes, until } from './processes.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf } from './seed.ts';
import { expectWhole, textsOf } from './truth.ts';
import { inWorld, insist, type World } from './world.ts';

const MB = 1_000_000;

/**
 * What reading may add to the server's memory, however much is read. V8 looks for buffers that nobody holds any more
 * when they come to 64 MiB, so the highest memory of a process is that much above what it needs: at any time, or not.
 */
const MOST_MEMORY = 100 * MB;

describe.concurrent('what a pod prints', () => {
  test.each(seedsOf('any bytes'))('is kept byte by byte, whatever it is (seed %i)', { timeout: PATIENCE_MS }, (seed) =>
    inWorld(async (world) => {
      const chance = chanceOf(seed, 'any bytes');
      await world.start();
      for (let round = 0; round < scaled(2, 100); round++) {
        const bytes = printable(chance.bytes(chance.between(1, 5000)), chance.between(1, 40));
        const block = chance.between(1, 700);
        const script = `dd if=data bs=${block} 2>/dev/null; sleep 600 &\ntrue`;
        const id = await world.submit(await world.upload({ script, files: { data: bytes } }));
        const record = await world.end(id);
        const lines = await expectWhole(world, record);
        expect(record.status).toBe('Succeeded');
        expect((await rawOf(world, id)).digest, `${block} bytes at a time`).toBe(sha256(bytes));
        expect(textsOf(lines, 'worker-0-0')).toEqual(linesIn(bytes));
      }
    }),
  ); // prettier-ignore

  test('without a newline is kept too, in parts, and takes no memory', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const server = await world.start();
      const size = scaled(3 * MOST_MEMORY, 10 * MOST_MEMORY);
      const warm = await world.end(await world.submit(await world.upload({ script: 'head -c 20000000 /dev/zero | tr "\\0" x' })));
      await rawOf(world, warm.experiment_id);
      await partsOf(world, warm.experiment_id);
      const before = await highestMemory(server.pid);
      const id = await world.submit(await world.upload({ script: `head -c ${size} /dev/zero | tr "\\0" y; printf 'the end'` }));
      expect((await world.end(id)).status).toBe('Succeeded');
      const raw = await rawOf(world, id);
      expect(raw.bytes).toBe(size + 'the end'.length);
      const parts = await partsOf(world, id);
      expect(parts).toMatchObject({ characters: raw.bytes, whole: 1, end: 'the end' });
      const after = await highestMemory(server.pid);
      if (before !== null && after !== null) expect(after - before).toBeLessThan(MOST_MEMORY);
    }),
  ); // prettier-ignore

  test('while the control plane is away is complete and in order when it is back', { timeout: PATIENCE_MS }, () =>
    inWorld(async (world) => {
      const count = scaled(40_000, 2_000_000);
      const text = 'x'.repeat(40);
      const script = [
        'echo first',
        'until [ -e "$AICHOR_OUTPUT_PATH/go" ]; do sleep 0.05; done',
        `awk 'BEGIN { for (i = 0; i < ${count}; i++) print i, "${text}" }'`,
      ].join('\n');
      const server = await world.start();
      const id = await world.submit(await world.upload({ script }));
      await until(async () => (await insist(() => world.client.get(id))).pods[0]?.status === 'Running');
      const { paths } = await world.client.get(id);
      await server.kill();
      await writeFile(join(paths.output, 'go'), '');
      await until(() => existsSync(join(world.home, 'experiments', id, 'engine', '1', 'worker-0-0.exit')));
      await world.start();
      const lines = await expectWhole(world, await world.end(id));
      const printed = textsOf(lines, 'worker-0-0');
      expect(printed).toHaveLength(count + 1);
      expect(sha256(printed.join('\n'))).toBe(sha256(['first', ...Array.from({ length: count }, (_, i) => `${i} ${text}`)].join('\n')));
    }),
  ); // prettier-ignore
});

/** Any bytes, with more line ends of all kinds than chance would put there. */
function printable(bytes: Buffer, every: number): Buffer {
  const ends = ['\n', '\r\n', '\r', '\n\n', '\0', '\x1b[31m'];
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; at += every, turn++)
    pieces.push(bytes.subarray(at, at + every), Buffer.from(ends[turn % ends.length] ?? ''));
  return Buffer.concat(pieces);
}

/** What the contract makes of bytes (3.1): lines end at `\n`, a `\r` before it is dropped, the rest is U+FFFD. */
function linesIn(bytes: Buffer): string[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  if (start < bytes.length) lines.push(bytes.subarray(start));
  return lines.map((line) => line.toString('utf8').replace(/\r$/, ''));
}

async function rawOf(world: World, id: string): Promise<{ bytes: number; digest: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const chunks = rawLog({
    ...{ query: { pod: 'worker-0-0' }, follow: true, signal: new AbortController().signal },
    open: (query) => world.client.logs(id, query),
    onReconnect: () => undefined,
  });
  for await (const chunk of chunks) {
    bytes += chunk.length;
    hash.update(chunk);
  }
  return { bytes, digest: hash.digest('hex') };
}

/** The JSON lines of a log that is one line: how long its parts are together, how many say they are the last. */
async function partsOf(world: World, id: string) {
  const lines = (await world.lines(id)).filter(({ step }) => step === 'run');
  const characters = lines.reduce((sum, { text }) => sum + text.length, 0);
  return {
    characters,
    whole: lines.filter(({ partial }) => !partial).length,
    end: lines.at(-1)?.text.slice(-7),
  };
}

/** Bytes; null where the system does not tell. */
async function highestMemory(pid: number): Promise<number | null> {
  if (processes.kind !== 'proc') return null;
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
