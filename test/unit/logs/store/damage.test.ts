import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeRecord, encodeRecord, RECORD_BYTES } from '../../../../src/logs/index-record.ts';
import { collect, createFixture, ERR, ID, OUT, read, texts, type Fixture } from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
  for (let line = 0; line < 6; line++) {
    await fixture.print(line % 2 ? ERR : OUT, `${line}\n`);
    await fixture.logs.appended([line % 2 ? ERR : OUT]);
  }
  await fixture.print(OUT, 'last words');
  await fixture.logs.finish();
});
afterEach(() => fixture.remove());

const file = (name: string): string => join(fixture.folder, ID, 'logs', name);
const ALL = ['0', '1', '2', '3', '4', '5', 'last words'];

async function endOf(): Promise<{ end: number; damage?: string }> {
  const { logs } = await fixture.crash();
  const chunks = await collect(logs.read({}, { follow: false, signal: new AbortController().signal }));
  return JSON.parse(chunks.toString().trim().split('\n').at(-1) ?? '');
}

it.each([
  ['cut off', (whole: Buffer) => whole.subarray(0, 2 * RECORD_BYTES)],
  ['cut within a record', (whole: Buffer) => whole.subarray(0, 2 * RECORD_BYTES + 7)],
  ['gone', () => Buffer.alloc(0)],
  ['garbage', (whole: Buffer) => Buffer.alloc(whole.length, 0x5a)],
  ['garbage from the middle on', (whole: Buffer) => Buffer.concat([whole.subarray(0, 3 * RECORD_BYTES), Buffer.alloc(4 * RECORD_BYTES, 1)])],
  ['longer', (whole: Buffer) => Buffer.concat([whole, Buffer.alloc(3 * RECORD_BYTES)])],
])('an index that is %s is made anew: no line is missing, none comes twice', async (_how, damaged) => {
  await writeFile(file('index'), damaged(await readFile(file('index'))));
  const { logs } = await fixture.crash();
  const { lines } = await read(logs);
  expect(lines.map(({ text }) => text).sort()).toEqual(ALL);
  expect(lines.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(lines.filter(({ stream }) => stream === 'stdout').map(({ text }) => text)).toEqual(['0', '2', '4', 'last words']);
  expect(await endOf()).toEqual({ end: 7 });
  expect(await texts((await fixture.crash()).logs, { tail: 1 })).toHaveLength(1);
}); // prettier-ignore

it('lines that are gone with their file are told at the end, now and later; the others are given out', async () => {
  await truncate(file('0.log'), 3);
  expect(await texts((await fixture.crash()).logs)).toEqual(['0', '1', '2', '3', '5']);
  const end = await endOf();
  expect(end.damage).toContain('worker-0-0 (stdout)');
  expect(end.damage).toContain('byte 3');
  expect(await endOf()).toEqual(end);
}); // prettier-ignore

it('a file that was removed is told', async () => {
  await rm(file('1.log'));
  expect((await texts((await fixture.crash()).logs)).sort()).toEqual(['0', '2', '4', 'last words']);
  expect((await endOf()).damage).toContain('worker-0-0 (stderr)');
});

describe('bytes that are others than were printed', () => {
  beforeEach(async () => {
    const bytes = await readFile(file('0.log'));
    bytes[2] = 0x78; // the `2` of the second line
    await writeFile(file('0.log'), bytes);
  });

  it('are told at the end of each reading, and not given out as lines', async () => {
    const { logs } = await fixture.crash();
    expect(await texts(logs)).toEqual(['0', '1', '3', '4', '5', 'last words']);
    expect((await endOf()).damage).toBe(
      'what worker-0-0 (stdout) printed is damaged from byte 2 to 4 (line 3): its file does not hold what was written there',
    );
  });

  it('are told of bytes that were read raw, which are what the file holds', async () => {
    const { logs } = await fixture.crash();
    const { signal } = new AbortController();
    const raw = await collect(logs.raw({ pod: 'worker-0-0', follow: false, signal }));
    expect(raw.toString()).toBe('0\n1\nx\n3\n4\n5\nlast words');
    expect(logs.facts().damage).toEqual([expect.stringContaining('byte 2 to 4')]);
    // What a client asks after that.
    const end = await collect(logs.read({ pod: 'worker-0-0', tail: 0 }, { follow: false, signal }));
    expect(end.toString()).toContain('byte 2 to 4');
  });

  it('are not found among lines that are looked for', async () => {
    const found: string[] = [];
    const { logs } = await fixture.crash();
    await logs.find({ position: 0, bytes: Buffer.from('x') }, ({ text }) => found.push(text));
    expect(found).toEqual([]);
  });

  it('of an index that an earlier version wrote nobody knows: the lines are as they stand', async () => {
    const index = await readFile(file('index'));
    const view = new DataView(index.buffer, index.byteOffset, index.length);
    for (let at = 0; at < index.length; at += RECORD_BYTES) {
      const record = decodeRecord(view, at);
      if (record !== null) encodeRecord({ ...record, sum: null }, view, at);
    }
    await writeFile(file('index'), index);
    expect(await texts((await fixture.crash()).logs)).toEqual(['0', '1', 'x', '3', '4', '5', 'last words']);
    expect(await endOf()).toEqual({ end: 7 });
  });
});

it('a large part that is damaged is told as one range', async () => {
  const other = await createFixture();
  for (let line = 0; line < 40; line++) {
    await other.print(OUT, `${line}\n`);
    await other.logs.appended([OUT]);
  }
  await other.logs.finish();
  const path = join(other.folder, ID, 'logs', '0.log');
  await writeFile(path, Buffer.alloc((await readFile(path)).length, 'x'));
  const { logs } = await other.crash();
  expect(await texts(logs)).toEqual([]);
  expect(logs.facts().damage).toEqual([expect.stringContaining('from byte 0 to 110 (lines 1 to 40)')]);
  await other.remove();
});

it('a table of sources that is garbage loses names, and no line', async () => {
  const lines = (await readFile(file('sources'), 'utf8')).split('\n');
  await writeFile(file('sources'), ['garbage', '{"half', ...lines.slice(2)].join('\n'));
  const { lines: found } = await read((await fixture.crash()).logs);
  expect(found.map(({ text }) => text)).toEqual(ALL);
  expect((await endOf()).damage).toContain('sources');
});

it('a folder without a table but with files gives their lines', async () => {
  await writeFile(file('sources'), 'nothing of use\n');
  expect((await texts((await fixture.crash()).logs)).sort()).toEqual(ALL);
});

it('what is printed after the end is no part of the log, also when its index is made anew', async () => {
  await mkdir(join(fixture.folder, ID, 'logs'), { recursive: true });
  const before = await readFile(file('0.log'));
  await writeFile(file('0.log'), Buffer.concat([before, Buffer.from('\nstray\n')]));
  expect(await texts((await fixture.crash()).logs)).toEqual(ALL);
  await truncate(file('index'), 0);
  expect((await texts((await fixture.crash()).logs)).sort()).toEqual(ALL);
});
