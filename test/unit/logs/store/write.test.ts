import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LINE_LIMIT } from '../../../../src/logs/line.ts';
import { BUILD, collect, createFixture, ERR, ID, OTHER, OUT, read, texts, type Fixture } from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.remove());

describe('lines', () => {
  it('carry where they come from, counted from 1 without gaps', async () => {
    const { logs, print } = fixture;
    await print(BUILD, 'Resolved 3 packages\n');
    await logs.appended([BUILD]);
    await print(OUT, 'hello\r\nhalf');
    await logs.appended([OUT]);
    expect(await read(logs)).toEqual({
      lines: [
        {
          sequence: 1,
          time: '2026-05-01T12:00:00.000Z',
          step: 'build',
          pod: null,
          attempt: 1,
          stream: null,
          text: 'Resolved 3 packages',
          partial: false,
        },
        {
          sequence: 2,
          time: '2026-05-01T12:00:00.000Z',
          step: 'run',
          pod: 'worker-0-0',
          attempt: 1,
          stream: 'stdout',
          text: 'hello',
          partial: false,
        },
      ],
      end: 2,
      tailAt: null,
    });
  });

  it('are given out unterminated only when the source is closed', async () => {
    const { logs, print } = fixture;
    await print(OUT, 'no newline');
    await logs.appended([OUT]);
    expect(await texts(logs)).toEqual([]);
    await logs.closed(OUT);
    await logs.closed(OUT);
    expect(await texts(logs)).toEqual(['no newline']);
  });

  it('of many sources that grow and close at the same moment are each there once, and of each in its order', async () => {
    const { logs, print } = fixture;
    const sources = Array.from({ length: 100 }, (_, index) => ({ ...OUT, pod: `worker-${index}-0` }));
    await Promise.all(
      sources.map(async (source) => {
        await print(source, 'one\ntwo\nth');
        await logs.appended([source]);
        await print(source, `ree\n${source.pod}`);
        await Promise.all([logs.appended([source]), logs.closed(source)]);
      }),
    );
    const { lines } = await read(logs);
    const ofPod = (pod: string) => lines.filter((line) => line.pod === pod).map(({ text }) => text);
    for (const { pod } of sources) expect(ofPod(pod)).toEqual(['one', 'two', 'three', pod]);
    expect(lines.map(({ sequence }) => sequence)).toEqual(lines.map((_, index) => index + 1));
  });

  it('of two streams come in the order of their writes', async () => {
    const { logs, print } = fixture;
    for (let step = 0; step < 300; step++) await print(step % 3 === 0 ? ERR : OUT, `${step}\n`);
    await logs.appended(Array.from({ length: 300 }, (_, step) => (step % 3 === 0 ? ERR : OUT)));
    expect(await texts(logs)).toEqual(Array.from({ length: 300 }, (_, step) => String(step)));
  });

  it('of one stream keep their order whatever the reports say', async () => {
    const { logs, print } = fixture;
    await print(OUT, 'a\nb\nc\n');
    await print(ERR, 'x\n');
    await logs.appended([ERR, ERR, OUT, ERR, OUT]);
    expect(
      (await read(logs, {})).lines.filter((line) => line.stream === 'stdout').map((line) => line.text),
    ).toEqual(['a', 'b', 'c']);
  });

  it('above 1 MiB come in parts that never cut a character', async () => {
    const { logs, print } = fixture;
    const long = '€'.repeat(LINE_LIMIT);
    await print(OUT, `${long}\nshort\n`);
    await logs.appended([OUT]);
    const { lines } = await read(logs);
    expect(lines.map((line) => line.partial)).toEqual([true, true, true, false, false]);
    expect(
      lines
        .slice(0, 4)
        .map((line) => line.text)
        .join(''),
    ).toBe(long);
    expect(lines.at(-1)?.text).toBe('short');
  });

  it('keep NUL and carriage returns, and show what is no UTF-8 as U+FFFD', async () => {
    const { logs, print } = fixture;
    const bytes = Buffer.from([0, 0x31, 0x0d, 0x32, 0x1b, 0x5b, 0x6d, 0xff, 0xe2, 0x82, 0x0a]);
    await print(OUT, bytes);
    await logs.appended([OUT]);
    expect(await texts(logs)).toEqual(['\u00001\r2\u001b[m\ufffd\ufffd']);
    const signal = new AbortController().signal;
    expect(await collect(logs.raw({ pod: 'worker-0-0', follow: false, signal }))).toEqual(bytes);
  });

  it('are the same however the bytes come', async () => {
    const anyBytes = fc.array(fc.oneof(fc.constantFrom(10, 13, 0xe2, 0x82, 0xac), fc.nat(255)), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyBytes, { minLength: 1, maxLength: 8 }), async (chunks) => {
        const own = await createFixture();
        try {
          for (const chunk of chunks) {
            await own.print(OUT, Uint8Array.from(chunk));
            await own.logs.appended([OUT]);
          }
          await own.logs.closed(OUT);
          const whole = Buffer.from(chunks.flat());
          const lines = whole.toString('utf8').split('\n');
          if (lines.at(-1) === '') lines.pop();
          expect(await texts(own.logs)).toEqual(lines.map((line) => line.replace(/\r$/, '')));
          const signal = new AbortController().signal;
          const raw = logsOf(await own.crash());
          expect(await collect(raw.raw({ pod: 'worker-0-0', follow: false, signal }))).toEqual(whole);
        } finally {
          await own.remove();
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('the folder', () => {
  it('holds files that only this user can read, and says how large they are', async () => {
    const { logs, print, folder } = fixture;
    await print(OUT, 'x'.repeat(1000) + '\n');
    await logs.appended([OUT]);
    const files = ['sources', 'index', '0.log'].map((name) => join(folder, ID, 'logs', name));
    const stats = await Promise.all(files.map((file) => stat(file)));
    expect(stats.map((entry) => entry.mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
    expect(await logs.bytesOnDisk()).toBe(stats.reduce((sum, entry) => sum + entry.size, 0));
  });

  it('gives a source the same file however often it is asked', async () => {
    const { logs } = fixture;
    const [first, again, other] = await Promise.all([logs.file(OUT), logs.file(OUT), logs.file(OTHER)]);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(logsOf(await fixture.crash())).not.toBe(logs);
    expect(await logsOf(await fixture.crash()).file(OTHER)).toBe(other);
  });

  it('is made for hundreds of sources at once', async () => {
    const { logs } = fixture;
    const sources = Array.from({ length: 400 }, (_, index) => ({ ...OUT, pod: `worker-${index}-0` }));
    const paths = await Promise.all(sources.map((source) => logs.file(source)));
    expect(new Set(paths).size).toBe(400);
    const again = logsOf(await fixture.crash());
    expect(await Promise.all(sources.map((source) => again.file(source)))).toEqual(paths);
  });

  it('is gone after remove, and its followers have ended', async () => {
    const { logs, store, print, folder } = fixture;
    await print(OUT, 'a\n');
    await logs.appended([OUT]);
    const follower = read(logs, {}, { follow: true });
    await store.remove(ID);
    expect((await follower).end).not.toBeNull();
    await expect(stat(join(folder, ID, 'logs'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

it('refuses reports of a source it never gave a file', async () => {
  await expect(fixture.logs.appended([OUT])).rejects.toThrow('never asked for');
});

function logsOf(from: Fixture): Fixture['logs'] {
  return from.logs;
}
