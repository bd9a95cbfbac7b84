/** Uploads and downloads of an object store, whose connections are cut and stall, while the control plane is killed. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readIfThereSync } from '../../src/base/io/files-sync.ts';
import { signalProcess } from '../../src/machine/signals.ts';
import { serveObjects } from '../../src/object-store/serve/serve.ts';
import { makeProgram, type Program } from '../cli/program.ts';
import { startFlakyLine, type Fate, type FlakyLine } from '../object-store/flaky.ts';
import { isLong, PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf } from './seed.ts';

const KEYS = { accessKey: 'FAULTS', secretKey: 'faults' };
const MEGABYTES = 96;

let folder: string;
let store: Server;
let line: FlakyLine;
let fate: () => Fate | null = () => null;
let p: Program;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-transfers-'));
  mkdirSync(join(folder, 'inputs'));
  const buckets = [{ name: 'default-inputs', folder: join(folder, 'inputs'), writable: '' }];
  store = await serveObjects({ ...KEYS, port: 0, state: join(folder, 'state'), buckets });
  line = await startFlakyLine((store.address() as AddressInfo).port, () => fate());
  p = makeProgram('transfers', { AWS_ACCESS_KEY_ID: KEYS.accessKey, AWS_SECRET_ACCESS_KEY: KEYS.secretKey });
  mkdirSync(join(p.home, 'state'), { mode: 0o700 });
  const storage = { s3_endpoint: `http://127.0.0.1:${line.port}` };
  writeFileSync(join(p.home, 'state', 'settings.json'), JSON.stringify({ storage }));
}, 120_000);
afterAll(() => {
  p.close();
  line.close();
  store.closeAllConnections();
  store.close();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Unless it has been killed, and nobody has started it again yet. */
function killServer(): void {
  const text = readIfThereSync(join(p.home, 'state', 'server.json'));
  if (text !== null) signalProcess(JSON.parse(text).pid, 'SIGKILL');
}

test.each(seedsOf('transfers'))(
  'a large file and small ones go there and come back, byte for byte: seed %d',
  async (seed) => {
    const chance = chanceOf(seed, 'transfers');
    const data = join(p.home, 'data');
    // Another try of the same seed finds what the last one left.
    rmSync(data, { recursive: true, force: true });
    mkdirSync(data);
    const piece = chance.bytes(4096);
    const names = ['large.bin', ...Array.from({ length: 20 }, (_, at) => `${at}.bin`)];
    writeFileSync(join(data, 'large.bin'), Buffer.concat(Array<Buffer>(MEGABYTES * 256).fill(piece)));
    for (const [at, name] of names.slice(1).entries()) writeFileSync(join(data, name), piece.subarray(at));
    fate = () => {
      // Chance alone may break none: until one is broken, each is to be, early in the large file.
      if (line.broken() === 0) return { bytes: chance.between(0, 1e6), end: 'cut' };
      if (chance.below(1) < 0.6) return null;
      // What stalls is given up after half a minute.
      const end = isLong && chance.below(1) < 0.2 ? 'stall' : 'cut';
      return { bytes: chance.between(0, 24e6), end };
    };
    const killed = async (...words: string[]) => {
      let isOver = false;
      const ends = p.aichor(['storage', ...words]).finally(() => (isOver = true));
      for (let kills = 0; kills < scaled(2, 10); kills++) {
        await delay(chance.between(300, 2500));
        if (isOver) break;
        killServer();
      }
      const { code, stderr } = await ends;
      expect(code, stderr).toBe(0);
    };
    await p.aichor(['server', 'status']);
    await p.aichor(['storage', 'list', '--inputs']);
    for (let round = 0; round < scaled(1, 5); round++) {
      line.drop();
      const to = join(p.home, `back-${round}`);
      await killed('upload', data, '--force');
      for (const name of names)
        expect(digest(join(folder, 'inputs/data', name)), name).toBe(digest(join(data, name)));
      await killed('download', '--inputs', '--to', to);
      for (const name of names) expect(digest(join(to, 'data', name)), name).toBe(digest(join(data, name)));
    }
    fate = () => null;
    expect(line.broken()).toBeGreaterThan(0);
  },
  PATIENCE_MS,
);
