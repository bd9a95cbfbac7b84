import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchFile } from '../../../../src/cli/storage/fetch-file.ts';
import type { Client } from '../../../../src/client/client.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-fetch-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const MIB = 1024 * 1024;
const CONTENT = Buffer.concat(Array.from({ length: 12 }, (_, at) => Buffer.alloc(MIB, at + 1)));
const progress = { moved: () => undefined, done: () => undefined };

/** Gives the content from where it is asked for on, piece by piece; before each piece it waits for `turn`. */
function clientOf(turn: (from: number, at: number) => Promise<void>, content = CONTENT) {
  const storedFile = async ({ start = 0 }: { start?: number }) => {
    async function* pieces() {
      for (let at = start; at < content.length; at += MIB) {
        await turn(start, at);
        yield content.subarray(at, at + MIB);
      }
    }
    return Readable.from(pieces(), { objectMode: false, highWaterMark: 1 });
  };
  return { storedFile } as unknown as Client;
}

function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

const fetching = () => ({
  query: { kind: 'outputs' } as const,
  file: { path: 'm', bytes: CONTENT.length, modified_at: '2026-01-01T00:00:00.000Z', version: 'v' },
  place: join(folder, 'm'),
});

test('two that fetch the same file at the same time get it whole', async () => {
  // The second begins where the first is just then, and ends before it.
  const begins = gate();
  const secondIsDone = gate();
  const first = fetchFile(
    clientOf(async (_from, at) => {
      if (at === 4 * MIB) begins.open();
      if (at === 6 * MIB) await secondIsDone.opened;
    }),
    fetching(),
    { progress },
  );
  await begins.opened;
  await fetchFile(
    clientOf(async () => undefined),
    fetching(),
    { progress },
  );
  secondIsDone.open();
  await first;
  expect(readdirSync(folder)).toEqual(['m']);
  expect(readFileSync(join(folder, 'm')).equals(CONTENT)).toBe(true);
});

test('a file that became shorter is not placed as if it were whole', async () => {
  const client = clientOf(async () => undefined, CONTENT.subarray(0, 9 * MIB));
  await expect(fetchFile(client, fetching(), { progress })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('became shorter'),
  });
  expect(readdirSync(folder)).not.toContain('m');
});
