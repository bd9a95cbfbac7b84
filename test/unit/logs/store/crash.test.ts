import { createHash } from 'node:crypto';
import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RECORD_BYTES } from '../../../../src/logs/index-record.ts';
import { collect, createFixture, ERR, ID, OTHER, OUT, read, texts, type Fixture } from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.remove());

const index = (): string => join(fixture.folder, ID, 'logs', 'index');
const sources = (): string => join(fixture.folder, ID, 'logs', 'sources');

describe('after a crash', () => {
  it('lines that pods printed meanwhile come with the next report, none lost, none twice', async () => {
    await fixture.print(OUT, 'one\ntw');
    await fixture.logs.appended([OUT]);
    await fixture.print(OUT, 'o\nthree\n');
    const { logs } = await fixture.crash();
    expect(await texts(logs)).toEqual(['one']);
    await logs.appended([OUT]);
    await logs.appended([OUT]);
    expect(await texts(logs)).toEqual(['one', 'two', 'three']);
    expect((await read(logs)).lines.map((line) => line.sequence)).toEqual([1, 2, 3]);
  });

  it('what was never reported comes at the latest when the log is finished', async () => {
    await fixture.print(OUT, 'one\n');
    await fixture.print(ERR, 'last words');
    const { logs } = await fixture.crash();
    await logs.finish();
    expect((await texts(logs)).sort()).toEqual(['last words', 'one']);
  });

  it('a torn index is cut anywhere and comes back whole', async () => {
    for (let line = 0; line < 5; line++) {
      await fixture.print(line % 2 ? ERR : OUT, `${line}\n`);
      await fixture.logs.appended([line % 2 ? ERR : OUT]);
    }
    const whole = await readFile(index());
    expect(whole.length).toBe(5 * RECORD_BYTES);
    for (let size = 0; size <= whole.length; size += 7) {
      await writeFile(index(), whole.subarray(0, size));
      const { logs } = await fixture.crash();
      expect(await texts(logs)).toEqual(['0', '1', '2', '3', '4'].slice(0, Math.floor(size / RECORD_BYTES)));
      await logs.appended([OUT, ERR]);
      expect((await texts(logs)).sort()).toEqual(['0', '1', '2', '3', '4']);
      expect((await read(logs)).lines.map((line) => line.sequence)).toEqual([1, 2, 3, 4, 5]);
    }
  });

  it('zeros and rubbish at the end of the index are no lines', async () => {
    await fixture.print(OUT, 'a\nb\n');
    await fixture.logs.appended([OUT]);
    for (const rubbish of [Buffer.alloc(RECORD_BYTES * 3), Buffer.alloc(RECORD_BYTES * 2 + 5, 0xab)]) {
      await appendFile(index(), rubbish);
      const { logs } = await fixture.crash();
      expect(await texts(logs)).toEqual(['a', 'b']);
      expect((await readFile(index())).length).toBe(RECORD_BYTES);
    }
  });

  it('an index that says more than the files hold is cut', async () => {
    await fixture.print(OUT, 'a\n');
    await fixture.logs.appended([OUT]);
    await fixture.print(OUT, 'b\n');
    await fixture.logs.appended([OUT]);
    await truncate(await fixture.logs.file(OUT), 2);
    expect(await texts((await fixture.crash()).logs)).toEqual(['a']);
  });

  it('a torn table of sources is cut', async () => {
    await fixture.print(OUT, 'a\n');
    await fixture.logs.appended([OUT]);
    const whole = await readFile(sources());
    await writeFile(sources(), Buffer.concat([whole, Buffer.from('{"source":{"step":"run","po')]));
    const again = await fixture.crash();
    await again.print(OTHER, 'b\n');
    await again.logs.appended([OTHER]);
    expect(await texts((await fixture.crash()).logs)).toEqual(['a', 'b']);
  });

  it('a finished log stays finished', async () => {
    await fixture.print(OUT, 'a\nb');
    await fixture.logs.finish();
    const { logs } = await fixture.crash();
    expect((await read(logs, {}, { follow: true })).lines.map((line) => line.text)).toEqual(['a', 'b']);
    expect((await read(logs, { tail: 1 }, { follow: true })).lines.map((line) => line.text)).toEqual(['b']);
    const signal = new AbortController().signal;
    expect((await collect(logs.raw({ pod: 'worker-0-0', follow: true, signal }))).toString()).toBe('a\nb');
    await logs.finish();
  });
});

it('is complete and in order when 100 MB were printed while nobody looked', async () => {
  const line = (step: number): string => `step ${step} ${'x'.repeat(step % 200)}\n`;
  const block = Array.from({ length: 10_000 }, (_, step) => line(step)).join('');
  const hash = createHash('sha256');
  await fixture.print(OUT, 'first\n');
  await fixture.logs.appended([OUT]);
  hash.update('first\n');
  let bytes = 0;
  for (; bytes < 100e6; bytes += block.length) {
    await fixture.print(OUT, block);
    hash.update(block);
  }
  const { logs } = await fixture.crash();
  await logs.appended([OUT]);
  await logs.finish();
  const signal = new AbortController().signal;
  const read = createHash('sha256');
  for await (const chunk of logs.raw({ pod: 'worker-0-0', follow: false, signal })) read.update(chunk);
  expect(read.digest('hex')).toBe(hash.digest('hex'));
  const lines = 1 + 10_000 * Math.round(bytes / block.length);
  expect((await texts(logs, { tail: 1 }))[0]).toBe(line(9_999).trimEnd());
  expect(await texts(logs, { after: lines - 1 })).toHaveLength(1);
  expect(await texts(logs, { after: lines })).toHaveLength(0);
});
