import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unpacked } from '../../../../src/base/http/unpack.ts';
import { encodingFor, packed } from '../../../../src/server/http/compress.ts';

const HAS_ZSTD = 'createZstdCompress' in zlib;

it.each([
  [undefined, null],
  ['', null],
  ['deflate, *', null],
  ['gzip', 'gzip'],
  ['gzip, deflate, br', 'br'],
  ['GZIP;q=0.5', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['br; q=0', null],
  ['zstd', HAS_ZSTD ? 'zstd' : null],
  ['gzip, zstd', HAS_ZSTD ? 'zstd' : 'gzip'],
])('of %j it is %j', (accepted, name) => {
  expect(encodingFor(accepted)?.name ?? null).toBe(name);
});

const NAMES = ['br', 'gzip', ...(HAS_ZSTD ? ['zstd'] : [])];

describe.each(NAMES)('%s', (name) => {
  const encoding = () => encodingFor(name) ?? expect.fail(`no ${name}`);

  it('gives a stream back byte for byte', async () => {
    const bytes = Buffer.from('a line that repeats itself\n'.repeat(20_000));
    const chunks = [bytes.subarray(0, 10), bytes.subarray(10, 300_000), bytes.subarray(300_000)];
    const sent: Uint8Array[] = [];
    for await (const chunk of packed(Readable.from(chunks), encoding())) sent.push(chunk);
    expect(Buffer.concat(sent).length).toBeLessThan(bytes.length / 20);
    const got: Buffer[] = [];
    for await (const chunk of unpacked(Readable.from(sent), name)) got.push(chunk);
    expect(Buffer.concat(got).equals(bytes)).toBe(true);
  });

  it('gives each chunk on before there is another one', async () => {
    const source = new PassThrough();
    const body = new PassThrough();
    const sending = (async () => {
      for await (const chunk of packed(source, encoding())) body.write(chunk);
      body.end();
    })();
    const reader = unpacked(body, name);
    for (const line of ['first\n', 'second\n']) {
      source.write(line);
      const [came] = await once(reader, 'data');
      expect(String(came)).toBe(line);
    }
    source.end();
    reader.resume();
    await Promise.all([sending, once(reader, 'end')]);
  });

  it('a stream that breaks off fails with what broke it', async () => {
    const body = new PassThrough();
    const reader = unpacked(body, name);
    body.destroy(Object.assign(new Error('cut'), { code: 'UND_ERR_SOCKET' }));
    await expect(once(reader, 'data')).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  });
});
