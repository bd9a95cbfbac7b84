import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEventReader } from '../../../../src/metrics/event-file/read-events.ts';
import { noLinesRead, readNewLines } from '../../../../src/server/metrics/json-lines.ts';
import { readObjectOn, type ObjectReads } from '../../../../src/server/metrics/objects/object-tail.ts';
import { newTail, type Tail } from '../../../../src/server/metrics/tail.ts';
import { filesByRun } from '../../../fixtures/event-file-values.ts';

/** An object, and what was asked for of it. */
function objectOf(bytes: Buffer) {
  const object = { bytes, etag: 0, asked: [] as [number, number][], again: 0, allowed: Infinity };
  const reads: ObjectReads = {
    async read({ start, length }) {
      object.asked.push([start, length]);
      return start >= object.bytes.length ? null : object.bytes.subarray(start, start + length);
    },
    isAllowed: () => object.allowed-- > 0,
    readAgain: (count) => void (object.again += count),
  };
  return {
    object,
    put(next: Buffer) {
      object.bytes = next;
      object.etag += 1;
    },
    /** Reads on as lines. */
    lines: (tail: Tail, take: (text: string) => void) =>
      readObjectOn({ etag: String(object.etag), size: object.bytes.length }, tail, {
        reads,
        take(bytes) {
          const consumed = bytes.lastIndexOf(0x0a) + 1;
          if (consumed > 0) take(bytes.toString('utf8', 0, consumed));
          return { consumed, needed: bytes.length + 1 };
        },
      }),
    reads,
  };
}

test('what grows comes once and whole, however it is cut; each look asks for what is new and a few bytes', async () => {
  const line = fc.string({ maxLength: 400 }).map((text) => text.replaceAll('\n', ' '));
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 40 }), fc.array(fc.nat(4000)), async (all, cuts) => {
      const whole = Buffer.from(all.map((text, at) => `${at} ${text}\n`).join(''));
      const { object, put, lines } = objectOf(Buffer.alloc(0));
      const tail = newTail();
      let read = '';
      for (const cut of [...cuts.sort((a, b) => a - b), whole.length]) {
        put(whole.subarray(0, cut));
        object.asked = [];
        const offset = tail.offset;
        expect(await lines(tail, (text) => (read += text))).toBe('read');
        for (const [start] of object.asked) expect(start).toBeGreaterThanOrEqual(offset - 256);
      }
      expect(read).toBe(whole.toString());
      object.asked = [];
      await lines(tail, () => expect.unreachable());
      expect(object.asked).toEqual([]);
      expect(object.again).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test.each([
  ['shorter', 'x\n'],
  ['as long', 'one\ntwx\n'],
  ['longer', 'another\nand\nmore\n'],
])('another object that is %s is read from its beginning', async (_, next) => {
  const { object, put, lines } = objectOf(Buffer.from('one\ntwo\n'));
  const tail = newTail();
  await lines(tail, () => undefined);
  const { inode } = tail;
  put(Buffer.from(next));
  let read = '';
  expect(await lines(tail, (text) => (read += text))).toBe('shrunk');
  expect([read, object.again, tail.inode > inode]).toEqual([next, 8, true]);
});

test('one that is put again as it was costs a few bytes, and one that is gone nothing', async () => {
  const { object, put, lines } = objectOf(Buffer.from(`${'x'.repeat(5000)}\n`));
  const tail = newTail();
  await lines(tail, () => undefined);
  put(object.bytes);
  object.asked = [];
  expect(await lines(tail, () => expect.unreachable())).toBe('read');
  expect(object.asked).toEqual([[5001 - 256, 256]]);
});

test('one that becomes another while it is read is begun anew at the next look', async () => {
  const first = Buffer.from('a\n'.repeat(200_000));
  const { object, put, lines } = objectOf(first);
  const tail = newTail();
  let read = '';
  await lines(tail, (text) => {
    read += text;
    if (object.bytes === first) object.bytes = Buffer.from('b\n'.repeat(200_000));
  });
  put(object.bytes);
  expect(new Set(read)).toEqual(new Set('a\n'));
  read = '';
  expect(await lines(tail, (text) => (read += text))).toBe('shrunk');
  expect(read).toBe('b\n'.repeat(200_000));
});

test('what a look may not read any more comes with the next', async () => {
  const whole = 'line\n'.repeat(400_000);
  const { object, lines } = objectOf(Buffer.from(whole));
  const tail = newTail();
  let read = '';
  for (let look = 0; read.length < whole.length && look < 20; look++) {
    object.allowed = 1;
    expect(await lines(tail, (text) => (read += text))).toBe('read');
  }
  expect(read).toBe(whole);
});

test('events of each writer, of objects that are put anew after every few bytes', async () => {
  const folder = new URL('../../../fixtures/event-files/tensorboardX', import.meta.url).pathname;
  const [bytes = Buffer.alloc(0)] = filesByRun(folder).get('') ?? [];
  const { object, put, reads } = objectOf(Buffer.alloc(0));
  const tail = newTail();
  const steps: number[] = [];
  const reader = createEventReader({
    scalar: ({ name }, { step }) => void (name === 'loss' && steps.push(step)),
    restarted: () => undefined,
  });
  for (let cut = 0; cut <= bytes.length + 7; cut += 7) {
    put(bytes.subarray(0, cut));
    const seen = { etag: String(object.etag), size: object.bytes.length };
    await readObjectOn(seen, tail, { reads, take: (some) => reader.read(some) });
  }
  expect(steps).toEqual([0, 1, 3, 2, -3, 1_099_511_627_776, 1_099_511_627_777]);
  expect(object.again).toBe(0);
});

test('lines of an object that was cut back and written on count once', async () => {
  const { object, put, reads } = objectOf(Buffer.from('1\n2\n3\n'));
  const read = noLinesRead();
  const taken: string[] = [];
  const look = (end: boolean) =>
    readNewLines(
      (tail, take) =>
        readObjectOn({ etag: String(object.etag), size: object.bytes.length }, tail, { take, reads }),
      read,
      { end, take: ({ text }) => void taken.push(text.trim()) },
    );
  await look(false);
  put(Buffer.from('1\n4\n'));
  await look(false);
  put(Buffer.from('1\n4\n5'));
  await look(true);
  expect(taken).toEqual(['1', '2', '3', '4', '5']);
});
