import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  NoSmallFiles,
  packSmallFiles,
  readSmallFiles,
  SMALL_FILE,
  writeSmallHead,
  type SmallFile,
} from '../../../src/base/http/small-files.ts';
import { anyText } from '../../fuzz/text.ts';

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const packed = async (files: readonly SmallFile[]) => Buffer.concat(await all(packSmallFiles(each(files))));

/** The same bytes, cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [
    0,
    ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b),
    bytes.length,
  ];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

const plain = (files: readonly SmallFile[]) =>
  files.map(({ path, content }) => [path, content === null ? null : Buffer.from(content).toString('hex')]);

const files = fc.array(
  fc.record({
    path: anyText({ minLength: 1, maxLength: 40 }),
    content: fc.option(fc.uint8Array({ maxLength: 300 })),
  }),
);

describe('small files on their way', () => {
  test('come back, however their bytes were cut', () =>
    fc.assert(
      fc.asyncProperty(files, fc.array(fc.nat()), async (given, places) => {
        const came = await all(readSmallFiles(each(cut(await packed(given), places))));
        expect(plain(came)).toEqual(plain(given));
      }),
    ));

  test('that end within one of them are refused, after those that are whole', () =>
    fc.assert(
      fc.asyncProperty(files, fc.nat(), async (given, at) => {
        const bytes = await packed(given);
        fc.pre(bytes.length > 0);
        const came: SmallFile[] = [];
        const read = async () => {
          for await (const file of readSmallFiles(each([bytes.subarray(0, at % bytes.length)])))
            came.push(file);
        };
        const failure = await read().then(
          () => null,
          (error: unknown) => error,
        );
        expect(plain(came)).toEqual(plain(given.slice(0, came.length)));
        const whole = (await packed(given.slice(0, came.length))).length;
        expect(failure instanceof NoSmallFiles).toBe(whole !== at % bytes.length);
      }),
    ));

  test('a large one goes and comes', async () => {
    const content = Buffer.alloc(SMALL_FILE, 'abc');
    const came = await all(readSmallFiles(each([await packed([{ path: 'large', content }])])));
    expect(plain(came)).toEqual(plain([{ path: 'large', content }]));
  });

  test.each([
    ['one that is too large', SMALL_FILE + 1],
    ['a length that is no number', NaN],
    ['a part of a byte', 0.5],
    ['less than nothing', -2],
    ['no end', Infinity],
  ])('%s is refused before it is waited for', async (_name, bytes) => {
    const head = Buffer.alloc(13);
    writeSmallHead(head, 0, { path: 'x', bytes });
    await expect(all(readSmallFiles(each([head])))).rejects.toThrow(NoSmallFiles);
  });

  test('a path without a name, or without an end, is refused', async () => {
    for (const length of [0, 1 << 20]) {
      const head = Buffer.alloc(12);
      head.writeUInt32LE(length, 0);
      await expect(all(readSmallFiles(each([head])))).rejects.toThrow(NoSmallFiles);
    }
  });
});
