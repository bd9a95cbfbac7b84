import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonLines } from '../../../../../src/engines/kubernetes/api/http/json-lines.ts';

async function all(bytes: Buffer, cuts: readonly number[]): Promise<unknown[]> {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
  const values: unknown[] = [];
  for await (const value of jsonLines(Readable.from(chunks))) values.push(value);
  return values;
}

test('values come out whole, wherever the chunks are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue()), fc.array(fc.nat()), async (values, cuts) => {
      const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
      const expected = values.map((value): unknown => JSON.parse(JSON.stringify(value)));
      expect(await all(bytes, cuts)).toEqual(expected);
    }),
  );
});

test.each(['{"a":1}\n{"b"', '{"a":1}\n{"b":2}', '{"a":1}\nnonsense\n'])(
  'what breaks off throws: %j',
  async (text) => {
    await expect(all(Buffer.from(text), [])).rejects.toThrow(SyntaxError);
  },
);
