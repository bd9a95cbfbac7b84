import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogFiles, type LogFiles } from '../../../../src/logs/store/files.ts';
import { collect, createFixture, OTHER, OUT, read, texts, type Fixture } from './fixture.ts';

/** Files of a disk that fails while `code` is set. */
function failingFiles(): { files: LogFiles; disk: { code: string | null; operation: 'read' | 'write' } } {
  const real = createLogFiles();
  const disk: { code: string | null; operation: 'read' | 'write' } = { code: null, operation: 'write' };
  const check = (operation: string, path: string): void => {
    if (disk.code === null || disk.operation !== operation || !/index$|\d\.log$/.test(path)) return;
    throw Object.assign(new Error(`${disk.code}: ${operation}, ${path}`), { code: disk.code });
  };
  const files: LogFiles = {
    ...real,
    async read(path, into, position) {
      check('read', path);
      return real.read(path, into, position);
    },
    async write(path, bytes, position) {
      if (disk.code !== null)
        await real.write(path, bytes.subarray(0, Math.floor(bytes.length / 2)), position);
      check('write', path);
      return real.write(path, bytes, position);
    },
  };
  return { files, disk };
}

let fixture: Fixture;
let disk: ReturnType<typeof failingFiles>['disk'];
beforeEach(async () => {
  const failing = failingFiles();
  disk = failing.disk;
  fixture = await createFixture(failing.files);
});
afterEach(() => fixture.remove());

describe.each([
  ['ENOSPC', 'write'],
  ['EIO', 'write'],
  ['EIO', 'read'],
] as const)('%s on %s', (code, operation) => {
  it('costs no line; a marker says what happened when it is over', async () => {
    const { logs, print } = fixture;
    await print(OUT, 'a\n');
    await logs.appended([OUT]);
    Object.assign(disk, { code, operation });
    await print(OUT, 'b\n');
    await logs.appended([OUT]);
    fixture.clock.now = new Date('2026-05-01T12:00:07.000Z');
    await print(OUT, 'c\n');
    await logs.appended([OUT]);
    disk.code = null;
    expect(await texts(logs)).toEqual(['a']);
    await print(OUT, 'd\n');
    await logs.appended([OUT]);
    const { lines } = await read(logs);
    expect(lines.slice(0, 4).map((line) => line.text)).toEqual(['a', 'b', 'c', 'd']);
    expect(lines[4]).toMatchObject({ sequence: 5, step: 'run', pod: null, stream: null, attempt: 1 });
    expect(lines[4]?.text).toMatch(`from 2026-05-01T12:00:00.000Z to 2026-05-01T12:00:07.000Z (${code})`);
    expect(lines[4]?.text).toContain('6 bytes came late');
    const signal = new AbortController().signal;
    expect((await collect(logs.raw({ pod: 'worker-0-0', follow: false, signal }))).toString()).toBe(
      'a\nb\nc\nd\n',
    );
  });

  it('at the end is told to whoever finishes the log; followers end, and nothing is lost', async () => {
    const { logs, print, store } = fixture;
    await print(OUT, 'a\n');
    const follower = read(logs, {}, { follow: true });
    Object.assign(disk, { code, operation });
    await expect(logs.finish()).rejects.toMatchObject({ code: 'server_error' });
    disk.code = null;
    await follower;
    const again = await store.open('9b2f31aa-0000-4000-8000-000000000000');
    await again.finish();
    expect(await texts(again)).toEqual(['a']);
  });
});

describe('one file that cannot be read', () => {
  /** The first source's. */
  async function withBadFile(): Promise<Fixture> {
    const { files } = failingFiles();
    return createFixture({
      ...files,
      async read(path, into, position) {
        if (path.endsWith('/0.log')) throw Object.assign(new Error('EIO: read'), { code: 'EIO' });
        return files.read(path, into, position);
      },
    });
  }

  it.each(['appended', 'closed'] as const)(
    'keeps no line of another back that is %s with it',
    async (what) => {
      const own = await withBadFile();
      try {
        const { logs, print } = own;
        await print(OUT, 'cannot be read\n');
        await print(OTHER, 'kept\n');
        await Promise.all(
          [OUT, OTHER].map((source) => (what === 'closed' ? logs.closed(source) : logs.appended([source]))),
        );
        expect(await texts(logs, { pod: 'ps-0-0' })).toEqual(['kept']);
      } finally {
        await own.remove();
      }
    },
  );

  it('keeps no line of another back at the end, at which it is told', async () => {
    const own = await withBadFile();
    try {
      const { logs, print } = own;
      await print(OUT, 'cannot be read\n');
      await print(OTHER, 'kept\n');
      await expect(logs.finish()).rejects.toMatchObject({ code: 'server_error' });
      expect(await texts(logs, { pod: 'ps-0-0' })).toEqual(['kept']);
    } finally {
      await own.remove();
    }
  });
});
