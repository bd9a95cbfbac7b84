import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rangeOf } from '../../../src/object-store/serve/conditions.ts';
import { pathOfKey } from '../../../src/object-store/store/key.ts';
import { createChecksum, type ChecksumName } from '../../../src/object-store/wire/checksum.ts';
import { decodeChunked } from '../../../src/object-store/wire/chunked.ts';
import { S3Error } from '../../../src/object-store/wire/s3-error.ts';
import { EMPTY_SHA256, signatureOf, signingKey } from '../../../src/object-store/wire/signature.ts';
import { document, parseXml } from '../../../src/object-store/wire/xml.ts';

describe('signatures of version 4', () => {
  // The examples of Amazon's documentation of S3, with its example keys.
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const scope = { time: '20130524T000000Z', region: 'us-east-1', service: 's3' };
  const host = 'examplebucket.s3.amazonaws.com';
  const headers = { host, 'x-amz-content-sha256': EMPTY_SHA256, 'x-amz-date': scope.time };
  const get = { method: 'GET', path: '/', headers, payload: EMPTY_SHA256 };

  test.each([
    [
      'of a range of an object',
      { ...get, path: '/test.txt', query: [], headers: { ...headers, range: 'bytes=0-9' } },
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'of a list',
      {
        ...get,
        query: [
          ['max-keys', '2'],
          ['prefix', 'J'],
        ] as [string, string][],
      },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
    [
      'of a parameter without a value',
      { ...get, query: [['lifecycle', '']] as [string, string][] },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
  ])('%s', (_what, request, expected) => {
    expect(signatureOf(request, scope, signingKey(secret, scope))).toBe(expected);
  });
});

test.each<[ChecksumName, string]>([
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888'],
  ['sha1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
  ['sha256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
])('%s of the digits from 1 to 9, in any pieces', (name, expected) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9 }), (at) => {
      const checksum = createChecksum(name);
      const digits = Buffer.from('123456789');
      for (const piece of [digits.subarray(0, at), digits.subarray(at)]) checksum.update(piece);
      expect(Buffer.from(checksum.value(), 'base64').toString('hex')).toBe(expected);
    }),
  );
});

describe('a body in chunks', () => {
  async function* piecesOf(bytes: Buffer, size: number) {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  async function decoded(text: string, size = text.length) {
    let trailers: ReadonlyMap<string, string> = new Map();
    const onTrailers = (found: ReadonlyMap<string, string>) => (trailers = found);
    const pieces = [];
    for await (const piece of decodeChunked(piecesOf(Buffer.from(text), size), { signing: null, onTrailers }))
      pieces.push(piece);
    return { text: Buffer.concat(pieces).toString(), trailers: Object.fromEntries(trailers) };
  }

  test('is read however it is cut', async () => {
    const body = '5\r\nhello\r\n8\r\n\r\n world\r\n0\r\nx-amz-checksum-crc32:abc=\r\n\r\n';
    for (const size of [1, 2, 3, 7, 100])
      expect(await decoded(body, size)).toEqual({
        text: 'hello\r\n world',
        trailers: { 'x-amz-checksum-crc32': 'abc=' },
      });
  });

  test.each([
    ['5\r\nhel', 'IncompleteBody'],
    ['5\r\nhello\r\n', 'IncompleteBody'],
    ['5\r\nhello!\r\n0\r\n\r\n', 'InvalidRequest'],
    ['-1\r\nhello\r\n0\r\n\r\n', 'InvalidRequest'],
    ['ffffffffff\r\nhello', 'InvalidRequest'],
    [`5;${'x'.repeat(20_000)}`, 'InvalidRequest'],
  ])('that is damaged is refused: %#', async (body, code) => {
    await expect(decoded(body)).rejects.toMatchObject({ code });
  });
});

describe('XML', () => {
  test('of any text comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const { children } = parseXml(document('Result', [['Key', text]]));
        expect(children[0]?.text).toBe(text);
      }),
    );
  });

  test.each([
    '',
    '<a>',
    '<a></b>',
    '<a/><b',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<a>&x;</a>',
    '<a>'.repeat(50),
    '<a>&#x110000;</a>',
  ])('that is none, or more than S3 needs, is refused: %s', (text) => {
    expect(() => parseXml(text)).toThrow(S3Error);
  });
});

test.each([
  ['a', 'a'],
  ['a/b.txt', 'a/b.txt'],
  ['a\\b', 'a\\b'],
  ['folder/', 'folder'],
  ['..', null],
  ['a/../b', null],
  ['/a', null],
  ['a//b', null],
  ['', null],
  ['/', null],
  ['./a', null],
  ['a\0b', null],
  ['s'.repeat(256), null],
  ['é'.repeat(128), null],
  [`${'a/'.repeat(600)}b`, null],
])('the key %j', (key, path) => {
  if (path === null) expect(() => pathOfKey(key)).toThrow(S3Error);
  else expect(pathOfKey(key).path).toBe(path);
});

test.each([
  [null, null],
  ['bytes=0-3', [0, 3]],
  ['bytes=2-', [2, 9]],
  ['bytes=-3', [7, 9]],
  ['bytes=-100', [0, 9]],
  ['bytes=5-100', [5, 9]],
  ['bytes=5-2', null],
  ['bytes=0-1,3-4', null],
  ['lines=1-2', null],
])('the range %s of ten bytes', (text, expected) => {
  const range = rangeOf(text, 10);
  expect(range && [range.from, range.to]).toEqual(expected);
});

test.each(['bytes=10-', 'bytes=11-12', 'bytes=-0'])('the range %s of ten bytes is not there', (text) => {
  expect(() => rangeOf(text, 10)).toThrow(S3Error);
});
