import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openObjectBucket } from '../../src/object-store/client/object-bucket.ts';
import { serveObjects } from '../../src/object-store/serve/serve.ts';

const KEYS = { accessKey: 'AICHORTEST', secretKey: 'a-secret' };

let home: string;
let server: Server;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'aichor-s3-connections-'));
  mkdirSync(join(home, 'files'));
  const buckets = [{ name: 'files', folder: join(home, 'files'), writable: '' }];
  server = await serveObjects({ ...KEYS, port: 0, state: join(home, 'state'), buckets });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(home, { recursive: true, force: true });
});

test('requests one after another share their connections, whoever sends them', async () => {
  let connections = 0;
  server.on('connection', () => connections++);
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { signal } = new AbortController();
  for (let round = 0; round < 20; round++) {
    // As each command of a user opens it anew.
    const access = { ...KEYS, endpoint, region: 'us-east-1', sessionToken: null };
    const bucket = openObjectBucket(access, { bucket: 'files', env: {}, now: () => new Date() });
    const key = `a/${round}`;
    await bucket.put(key, Buffer.from('x'), signal);
    expect(await bucket.look(key, signal)).toMatchObject({ bytes: 1 });
    expect((await bucket.read(key, { start: 0, length: 10 }, signal))?.toString()).toBe('x');
    await bucket.remove([key], signal);
  }
  // One may be let go of just when the next request begins.
  expect(connections).toBeLessThan(8);
});
