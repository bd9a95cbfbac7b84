import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFixture, OUT, type Fixture } from './fixture.ts';

const MB = 1e6;
/** The long suite prints as much as a runaway program does. */
const SIZE = process.env['AICHOR_LONG'] === '1' ? 1000 * MB : 100 * MB;
const MORE_MEMORY = 50 * MB;

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.remove());

/** Prints `block` over and over; the hash of all of it. */
async function printBlocks(block: Buffer, size: number): Promise<string> {
  const file = await open(await fixture.logs.file(OUT), 'a');
  const hash = createHash('sha256');
  for (let printed = 0; printed < size; printed += block.length) {
    await file.write(block);
    hash.update(block);
  }
  await file.close();
  return hash.digest('hex');
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Memory that is really in use. */
function used(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Takes all chunks; memory in use is looked at every so many bytes. Returns the largest. */
async function drain(chunks: AsyncIterable<Uint8Array>, each: (chunk: Uint8Array) => void): Promise<number> {
  let peak = 0;
  let unseen = 0;
  for await (const chunk of chunks) {
    each(chunk);
    unseen += chunk.length;
    if (unseen < 10 * MB) continue;
    peak = Math.max(peak, used());
    unseen = 0;
  }
  return Math.max(peak, used());
}

describe.each([
  ['no newline at all', Buffer.alloc(MB, 'é'), SIZE],
  ['lines of 10 MB', Buffer.concat([Buffer.alloc(10 * MB, 'x'), Buffer.from('\n')]), 50 * MB],
  ['nothing but newlines', Buffer.alloc(MB, '\n'), 2 * MB],
  [
    'NULs and bytes that are no UTF-8',
    Buffer.alloc(MB, Buffer.from([0, 0xff, 0xe2, 0x82, 0x1b, 0x5b])),
    10 * MB,
  ],
])('%s', (_name, block, size) => {
  it('is kept exactly, in little memory', { timeout: 600_000 }, async () => {
    const printed = await printBlocks(block, size);
    const { logs } = fixture;
    const signal = new AbortController().signal;
    const before = used();
    await logs.appended([OUT]);
    await logs.closed(OUT);
    const { heapUsed, external } = process.memoryUsage();
    expect(heapUsed + external - before).toBeLessThan(MORE_MEMORY);
    const read = createHash('sha256');
    const raw = logs.raw({ pod: 'worker-0-0', follow: false, signal });
    expect((await drain(raw, (chunk) => read.update(chunk))) - before).toBeLessThan(MORE_MEMORY);
    expect(read.digest('hex')).toBe(printed);
    let bytes = 0;
    const peak = await drain(logs.read({}, { follow: false, signal }), (chunk) => (bytes += chunk.length));
    expect(peak - before).toBeLessThan(MORE_MEMORY);
    expect(bytes).toBeGreaterThan(size);
  });
});
