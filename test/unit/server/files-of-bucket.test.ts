import { expect, it } from 'vitest';
import type { ObjectBucket } from '../../../src/object-store/client/object-bucket.ts';
import { filesOfBucket } from '../../../src/server/storage/files/bucket.ts';

it('lists the keys that are paths of files, and no others', async () => {
  const objects = ['a', 'a/', 'a//b', 'a/c', '/d', 'e/f/'].map((name) => ({
    key: `output/1/${name}`,
    etag: 'x',
    size: 1,
    modifiedAt: null,
  }));
  const bucket: Partial<ObjectBucket> = { list: async () => ({ objects, next: null }) };
  const files = filesOfBucket({
    bucket: bucket as ObjectBucket,
    prefix: 'output/1/',
    address: 's3://some/output/1/',
    of: { kind: 'outputs', project: 'default', engine: 'local', experiment: '1' },
    uploads: '/nowhere',
  });
  const paths = async (path: string) =>
    (await files.list(path, AbortSignal.timeout(10_000)))?.map((file) => file.path) ?? null;
  expect(await paths('')).toEqual(['a', 'a/c']);
  expect(await paths('a/')).toEqual(['a', 'a/c']);
  expect(await paths('e')).toBe(null);
});
