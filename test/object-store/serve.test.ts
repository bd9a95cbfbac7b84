import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'; // prettier-ignore
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serveObjects, type ObjectStoreSettings } from '../../src/object-store/serve/serve.ts';
import { codeOf, s3Client, type S3Client } from './client.ts';

const KEYS = { accessKey: 'AICHORTEST', secretKey: 'a-secret' };
const MINE = 'output/mine/';

let home: string;
let settings: ObjectStoreSettings;
let server: Server;
let s3: S3Client;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'aichor-s3-'));
  settings = {
    ...KEYS,
    port: 0,
    state: join(home, 'state'),
    buckets: [
      { name: 'p-inputs', folder: join(home, 'inputs'), writable: null },
      { name: 'p-outputs', folder: join(home, 'outputs'), writable: MINE },
    ],
  };
  await begin();
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(home, { recursive: true, force: true });
});

async function begin(): Promise<void> {
  server = await serveObjects(settings);
  s3 = s3Client((server.address() as AddressInfo).port, KEYS);
}

const at = (key: string) => `/p-outputs/${MINE}${key}`;
const file = (key: string) => join(home, 'outputs', MINE, key);
const read = async (key: string) => (await s3('GET', at(key))).body.toString();
const keysIn = (text: string) => [...text.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key);

describe('an object', () => {
  test('is a file, and a file is an object', async () => {
    const { status, headers } = await s3('PUT', at('model/a.txt'), { body: 'weights' });
    expect([status, headers['etag']]).toEqual([
      200,
      `"${createHash('md5').update('weights').digest('hex')}"`,
    ]);
    expect(readFileSync(file('model/a.txt'), 'utf8')).toBe('weights');
    appendFileSync(file('model/a.txt'), ' and more');
    const again = await s3('GET', at('model/a.txt'));
    expect(again.body.toString()).toBe('weights and more');
    expect(again.headers['etag']).not.toBe(headers['etag']);
    mkdirSync(join(home, 'inputs', 'x'), { recursive: true });
    writeFileSync(join(home, 'inputs', 'x', 'data'), 'rows');
    expect((await s3('GET', '/p-inputs/x/data')).body.toString()).toBe('rows');
  });

  test('keeps what was said of it, also when the server starts again', async () => {
    const headers = { 'content-type': 'text/x', 'x-amz-meta-a': 'b', 'cache-control': 'no-store' };
    await s3('PUT', at('a'), { body: 'x', headers });
    server.closeAllConnections();
    server.close();
    const said = join(settings.state, 'attributes.jsonl');
    appendFileSync(said, '{"key":"cut off by a cra');
    await begin();
    expect((await s3('HEAD', at('a'))).headers).toMatchObject({ ...headers, 'content-length': '1' });
    await s3('PUT', at('b'), { body: 'x', headers });
    server.closeAllConnections();
    server.close();
    await begin();
    expect((await s3('HEAD', at('b'))).headers).toMatchObject({ ...headers, 'content-length': '1' });
  });

  test('is no pipe, which nobody would wait for', async () => {
    mkdirSync(join(home, 'inputs'), { recursive: true });
    execFileSync('mkfifo', [join(home, 'inputs', 'pipe')]);
    expect(codeOf(await s3('GET', '/p-inputs/pipe'))).toBe('NoSuchKey');
    expect(keysIn((await s3('GET', '/p-inputs', { query: [['list-type', '2']] })).body.toString())).toEqual(
      [],
    );
  });

  test('that breaks off is not there, and what was there stays', async () => {
    await s3('PUT', at('a'), { body: 'first' });
    const large = Buffer.alloc(1 << 20, 'x');
    for (const cutAfter of [1, 100_000, 900_000])
      await expect(s3('PUT', at('a'), { body: large, cutAfter })).rejects.toThrow('cut');
    const small = Buffer.alloc(4096, 'x');
    for (const cutAfter of [1, 4095])
      await expect(s3('PUT', at('a'), { body: small, cutAfter })).rejects.toThrow('cut');
    await expect(s3('PUT', at('b'), { body: large, cutAfter: 5000 })).rejects.toThrow('cut');
    expect(await read('a')).toBe('first');
    expect((await s3('HEAD', at('b'))).status).toBe(404);
    await expect.poll(() => readdirSync(join(home, 'state', 'incoming'))).toEqual([]);
  });

  test('with another checksum than said is refused', async () => {
    for (const headers of [
      { 'x-amz-checksum-crc32': 'AAAAAA==' },
      { 'x-amz-checksum-sha256': Buffer.alloc(32).toString('base64') },
      { 'content-md5': Buffer.alloc(16).toString('base64') },
    ])
      expect(
        codeOf(await s3('PUT', at('a'), { body: 'x', headers: headers as Record<string, string> })),
      ).toBe('BadDigest');
    const wrong = { 'x-amz-content-sha256': 'f'.repeat(64) };
    expect(codeOf(await s3('PUT', at('a'), { body: 'x', headers: wrong }))).toBe('XAmzContentSHA256Mismatch');
    expect(existsSync(file('a'))).toBe(false);
  });

  test.each([{ 'if-none-match': '*' }, { 'if-match': '"of the first"' }])(
    'is written by one of 16 racers: %j',
    async (condition) => {
      const first = await s3('PUT', at('there'), { body: 'first' });
      const isMatch = 'if-match' in condition;
      const headers: Record<string, string> = isMatch
        ? { 'if-match': String(first.headers['etag']) }
        : { 'if-none-match': '*' };
      const racers = Array.from({ length: 16 }, (_, index) =>
        s3('PUT', at(isMatch ? 'there' : 'new'), { body: `racer ${index}`, headers }),
      );
      const statuses = (await Promise.all(racers)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      expect(statuses.filter((status) => status === 412)).toHaveLength(15);
    },
  );
});

describe('keys', () => {
  test('do not leave the bucket', async () => {
    writeFileSync(join(home, 'outside'), 'secret');
    mkdirSync(dirname(file('x')), { recursive: true });
    symlinkSync(join(home, 'outside'), file('link'));
    symlinkSync(home, file('folder'));
    expect((await s3('GET', at('link'))).status).toBe(404);
    expect((await s3('GET', at('folder/outside'))).status).toBe(404);
    expect((await s3('PUT', at('folder/new'), { body: 'x' })).status).toBe(403);
    expect((await s3('GET', '/p-outputs/../outside')).status).toBe(400);
    expect(existsSync(join(home, 'new'))).toBe(false);
    expect((await s3('GET', '/p-outputs', { query: [['list-type', '2']] })).body.toString()).not.toContain(
      'outside',
    );
  });

  test('are followed through links that stay inside, wherever on the way these are', async () => {
    mkdirSync(file('real/deep'), { recursive: true });
    writeFileSync(file('real/deep/a'), 'inside');
    symlinkSync('real', file('by'));
    symlinkSync('real/deep/a', file('last'));
    symlinkSync('gone', file('nowhere'));
    expect(await read('by/deep/a')).toBe('inside');
    expect(await read('last')).toBe('inside');
    expect((await s3('GET', at('nowhere'))).status).toBe(404);
    expect((await s3('PUT', at('by/deep/b'), { body: 'new' })).status).toBe(200);
    expect(readFileSync(file('real/deep/b'), 'utf8')).toBe('new');
    // A link is replaced, and what it led to stays.
    expect((await s3('PUT', at('last'), { body: 'own' })).status).toBe(200);
    expect([await read('last'), await read('real/deep/a')]).toEqual(['own', 'inside']);
    // A file stands in the place of a folder.
    expect((await s3('GET', at('real/deep/a/b'))).status).toBe(404);
    expect((await s3('PUT', at('real/deep/a/b'), { body: 'x' })).status).toBe(409);
  });

  test('are written below the experiment’s own outputs only', async () => {
    for (const path of ['/p-inputs/a', '/p-outputs/a', '/p-outputs/output/other/a', '/p-outputs/output/mine'])
      expect([path, codeOf(await s3('PUT', path, { body: 'x' }))]).toEqual([path, 'AccessDenied']);
    writeFileSync(join(home, 'inputs', 'a'), 'x');
    expect(codeOf(await s3('DELETE', '/p-inputs/a'))).toBe('AccessDenied');
    expect(codeOf(await s3('DELETE', '/p-inputs'))).toBe('AccessDenied');
    // Who makes its bucket before it writes to it hears that it is there.
    expect(codeOf(await s3('PUT', '/p-outputs'))).toBe('BucketAlreadyOwnedByYou');
    expect(codeOf(await s3('PUT', '/p-others'))).toBe('NoSuchBucket');
    expect(codeOf(await s3('PUT', '/p-outputs', { query: [['acl', '']] }))).toBe('NotImplemented');
    expect(codeOf(await s3('GET', '/other/a'))).toBe('NoSuchBucket');
  });

  test('that cannot be files are refused', async () => {
    await s3('PUT', at('a'), { body: 'x' });
    expect((await s3('PUT', at('a/b'), { body: 'x' })).status).toBe(409);
    await s3('PUT', at('c/d'), { body: 'x' });
    expect((await s3('PUT', at('c'), { body: 'x' })).status).toBe(409);
    expect((await s3('PUT', at('s'.repeat(300)), { body: 'x' })).status).toBe(400);
  });
});

test('nobody comes in without the right signature', async () => {
  const { port } = server.address() as AddressInfo;
  const other = s3Client(port, { ...KEYS, secretKey: 'another' });
  expect(codeOf(await other('GET', '/'))).toBe('SignatureDoesNotMatch');
  const nobody = s3Client(port, { ...KEYS, accessKey: 'nobody' });
  expect(codeOf(await nobody('GET', '/'))).toBe('InvalidAccessKeyId');
  const bare = await fetch(`http://127.0.0.1:${port}/p-outputs/a`);
  expect([bare.status, await bare.text()]).toEqual([403, expect.stringContaining('AccessDenied')]);
});

describe('an upload in parts', () => {
  const PART = Buffer.alloc(5 << 20, 'p');

  async function started(): Promise<string> {
    const { body } = await s3('POST', at('big'), { query: [['uploads', '']] });
    return /<UploadId>(\w+)</.exec(body.toString())?.[1] ?? '';
  }
  const part = (id: string, number: number, body: Buffer) =>
    s3('PUT', at('big'), { query: [['partNumber', String(number)], ['uploadId', id]], body }); // prettier-ignore
  const complete = (id: string, etags: readonly unknown[]) => {
    const parts = etags.map(
      (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${String(etag)}</ETag></Part>`,
    );
    const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
    return s3('POST', at('big'), { query: [['uploadId', id]], body });
  };

  test('is there when it is complete, and not before; the server may start again in between', async () => {
    const id = await started();
    const first = await part(id, 1, PART);
    await part(id, 2, Buffer.from('not this'));
    server.closeAllConnections();
    server.close();
    await begin();
    const second = await part(id, 2, Buffer.from('end'));
    expect((await s3('HEAD', at('big'))).status).toBe(404);
    const etags = [first.headers['etag'], second.headers['etag']];
    expect((await complete(id, etags)).status).toBe(200);
    expect(readFileSync(file('big')).equals(Buffer.concat([PART, Buffer.from('end')]))).toBe(true);
    // Asked again, because the answer did not arrive.
    expect((await complete(id, etags)).status).toBe(200);
    expect(readdirSync(join(home, 'state', 'uploads'))).toEqual([]);
  });

  test('is refused with small parts, other parts, or none', async () => {
    const id = await started();
    const one = await part(id, 1, Buffer.from('a'));
    const two = await part(id, 2, Buffer.from('b'));
    const etags = [one.headers['etag'], two.headers['etag']];
    expect(codeOf(await complete(id, etags))).toBe('EntityTooSmall');
    expect(codeOf(await complete(id, [etags[1]]))).toBe('InvalidPart');
    expect(codeOf(await complete(id, []))).toBe('MalformedXML');
    expect(codeOf(await complete('0'.repeat(32), etags))).toBe('NoSuchUpload');
    expect(codeOf(await complete('../../outside', etags))).toBe('NoSuchUpload');
  });
});

test('lists are in the order of the keys’ bytes, whole over any pages', async () => {
  const name = fc.constantFrom('a', 'a.', 'a0', 'b', 'é', '😀', 'A-b', '~');
  const key = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(key, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      async (keys, most) => {
        // prettier-ignore
        rmSync(join(home, 'outputs', 'output'), { recursive: true, force: true });
        const whole = keys.filter((each) => !keys.some((other) => other.startsWith(`${each}/`)));
        for (const each of whole) await s3('PUT', at(each), { body: 'x' });
        const expected = whole.map((each) => MINE + each).sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))); // prettier-ignore
        const found: (string | undefined)[] = [];
        for (let token: string | undefined = ''; token !== undefined;) {
          const query: [string, string][] = [['list-type', '2'], ['max-keys', String(most)]]; // prettier-ignore
          if (token !== '') query.push(['continuation-token', token]);
          const text: string = (await s3('GET', '/p-outputs', { query })).body.toString();
          found.push(...keysIn(text));
          token = /<NextContinuationToken>(.*?)</.exec(text)?.[1];
        }
        expect(found).toEqual(expected);
      },
    ),
    { numRuns: 25 },
  );
});
