import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { upload } from '../../../../src/cli/storage/upload.ts';
import type { Client } from '../../../../src/client/client.ts';
import { AichorError } from '../../../../src/errors.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'aichor-upload-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const BYTES = 65 << 20;

/** Uploads a file of which parts are refused once somebody else has completed it. */
async function uploadBeside(there: { before: object[]; after: object[] }, force = false) {
  const place = join(folder, 'large');
  writeFileSync(place, '');
  truncateSync(place, BYTES);
  const { mtimeMs: modified } = statSync(place);
  const file = { path: 'large', place, bytes: BYTES, modified, version: '' };
  let isRefused = false;
  const client = {
    storage: async () => ({
      kind: 'inputs',
      project: 'default',
      experiment_id: null,
      files: isRefused ? there.after : there.before,
    }),
    beginUpload: async () => ({ upload: 'id', part_bytes: 16 << 20, parts: [] }),
    sendPart: async () => {
      isRefused = true;
      throw new AichorError('conflict', 'not all parts of the file are there');
    },
  } as unknown as Client;
  const options = { concurrency: 2, force, show: () => undefined, signal: undefined };
  return upload(client, { kind: 'inputs' }, { ...options, files: [file] });
}

const listed = (version: string, bytes = BYTES) => ({
  path: 'large',
  bytes,
  version,
  modified_at: new Date(Date.now() + 60_000).toISOString(),
});

test('a file that another command completed while its parts were sent is there', async () => {
  const { files } = await uploadBeside({ before: [], after: [listed('new')] });
  expect(files).toEqual([{ path: 'large', bytes: BYTES }]);
});

test.each([
  ['nothing is there', { before: [], after: [] }],
  ['another one is', { before: [], after: [listed('new', BYTES + 1)] }],
  ['what is there was there before', { before: [listed('old')], after: [listed('old')] }],
])('it is refused where %s', async (_, there) => {
  await expect(uploadBeside(there, true)).rejects.toMatchObject({ code: 'conflict' });
});
