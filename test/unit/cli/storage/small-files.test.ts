import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NOTHING_AT } from '../../../../src/api/nothing-at.ts';
import { packSmallFiles, readSmallFiles, type SmallFile } from '../../../../src/base/http/small-files.ts';
import { fetchSmall, sendSmall } from '../../../../src/cli/storage/small-files.ts';
import type { LocalFile } from '../../../../src/cli/storage/local-files.ts';
import type { Client } from '../../../../src/client/client.ts';
import { AichorError } from '../../../../src/errors.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'aichor-small-files-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const progress = { moved: () => undefined, done: () => undefined };
const common = { query: { kind: 'inputs' }, concurrency: 4, progress, signal: undefined } as const;
const unknown = () => new AichorError('not_found', `${NOTHING_AT} /v1/storage/files`);
const only = (methods: Partial<Client>) => methods as Client;

function local(name: string, content: string): LocalFile {
  const place = join(folder, name);
  writeFileSync(place, content);
  const { size: bytes, mtimeMs: modified } = statSync(place);
  return { path: name, place, bytes, modified, version: '' };
}

const listed = (path: string, bytes: number) => ({
  query: common.query,
  file: { path, bytes, modified_at: '2026-01-02T03:04:05.678Z', version: '' },
  place: join(folder, 'there', path),
});

async function* packedOf(files: SmallFile[]): AsyncGenerator<SmallFile> {
  yield* files;
}

test('files are sent together, and again after a failure that passes', async () => {
  const came: string[] = [];
  let tries = 0;
  const client = only({
    async sendSmall(_query, packed) {
      if (tries++ === 0) throw new AichorError('engine_unavailable', 'for a moment');
      for await (const { path, content } of readSmallFiles(Readable.from([packed])))
        came.push(`${path} ${Buffer.from(content ?? []).toString()}`);
      return { files: 2, bytes: 3 };
    },
  });
  const files = [local('a', 'x'), local('b', 'yz')];
  expect(await sendSmall(client, { ...common, files })).toEqual([]);
  expect([tries, came]).toEqual([2, ['a x', 'b yz']]);
});

test('one that was written to, or went, since it was looked at is a conflict', async () => {
  const client = only({ sendSmall: () => Promise.reject(new Error('nothing is to be sent')) });
  const changed = local('a', 'x');
  utimesSync(changed.place, new Date(0), new Date(0));
  const longer = local('b', 'x');
  writeFileSync(longer.place, 'longer');
  const gone = local('c', 'x');
  rmSync(gone.place);
  for (const file of [changed, longer, gone])
    await expect(sendSmall(client, { ...common, files: [file] })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('was changed while it was sent'),
    });
});

// An older server of a team takes a route that it does not have for one of admins.
const older = [unknown(), new AichorError('forbidden', 'this takes one of an admin')];
test.each(older)('a server that is older takes, and gives, each by itself: $code', async (error) => {
  let asked = 0;
  const refuse = () => {
    asked++;
    return Promise.reject(error);
  };
  const client = only({ sendSmall: refuse, smallFiles: refuse });
  const files = Array.from({ length: 2000 }, (_, at) => local(`${at}`, 'x'));
  const byName = (some: readonly { path: string }[]) => some.map(({ path }) => path).toSorted();
  expect(byName(await sendSmall(client, { ...common, files }))).toEqual(byName(files));
  const wanted = files.map(({ path }) => listed(path, 1));
  const left = await fetchSmall(client, { ...common, files: wanted });
  expect(byName(left.map(({ file }) => file))).toEqual(byName(files));
  // Not with each batch.
  expect(asked).toBeLessThanOrEqual(4);
});

test('what broke off goes on with those that are missing; what is gone, or no longer small, is asked for by itself', async () => {
  const asked: string[][] = [];
  const client = only({
    smallFiles(wanted) {
      asked.push(wanted.paths);
      const files: SmallFile[] = wanted.paths.map((path) => ({
        path,
        content: path === 'gone' ? null : Buffer.from(path),
      }));
      const first = packSmallFiles(packedOf(asked.length === 1 ? files.slice(0, 1) : files));
      // Another one than those that were asked for is left alone.
      const other = packSmallFiles(packedOf([{ path: '../other', content: Buffer.from('x') }]));
      async function* all() {
        yield* first;
        yield* other;
      }
      return Promise.resolve(Readable.from(all(), { objectMode: false }));
    },
  });
  const files = [listed('a', 1), listed('b/c', 3), listed('gone', 1)];
  expect(await fetchSmall(client, { ...common, files })).toEqual(files.slice(2));
  expect(asked).toEqual([
    ['a', 'b/c', 'gone'],
    ['b/c', 'gone'],
  ]);
  expect(readFileSync(join(folder, 'there/b/c'), 'utf8')).toBe('b/c');
  expect(statSync(join(folder, 'there/a')).mtime).toEqual(new Date('2026-01-02T03:04:05.678Z'));
});
