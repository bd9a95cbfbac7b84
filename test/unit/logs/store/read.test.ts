import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogFilter } from '../../../../src/logs/line.ts';
import {
  BUILD,
  collect,
  createFixture,
  ERR,
  OTHER,
  OUT,
  read,
  takeLines,
  texts,
  type Fixture,
} from './fixture.ts';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.remove());

const never = new AbortController().signal;

async function printed(source: typeof OUT, bytes: string): Promise<void> {
  await fixture.print(source, bytes);
  await fixture.logs.appended([source]);
}

describe('filters', () => {
  beforeEach(async () => {
    await printed(BUILD, 'b1\nb2\n');
    await printed(OUT, 'o1\no2\n');
    fixture.clock.now = new Date('2026-05-01T12:01:00.000Z');
    await printed(ERR, 'e1\n');
    await printed(OTHER, 'p1\np2\np3\n');
    await printed({ ...OUT, attempt: 2 }, 's1\n');
  });

  it.each<[LogFilter, string]>([
    [{}, 'b1 b2 o1 o2 e1 p1 p2 p3 s1'],
    [{ after: 3 }, 'o2 e1 p1 p2 p3 s1'],
    [{ pod: 'worker-0-0' }, 'o1 o2 e1 s1'],
    [{ type: 'ps' }, 'p1 p2 p3'],
    [{ step: 'build' }, 'b1 b2'],
    [{ attempt: 2 }, 's1'],
    [{ since: '2026-05-01T12:00:30.000Z' }, 'e1 p1 p2 p3 s1'],
    [{ tail: 1 }, 'b2 p3 s1'],
    [{ tail: 2 }, 'b1 b2 e1 p2 p3 s1'],
    [{ tail: 0 }, ''],
    [{ tail: 1, pod: 'ps-0-0' }, 'p3'],
    [{ tail: 2, attempt: 1, step: 'run' }, 'o2 e1 p2 p3'],
    [{ tail: 1, tail_at: 4 }, 'b2 o2 e1 p1 p2 p3 s1'],
    [{ tail: 1, tail_at: 4, after: 4 }, 'e1 p1 p2 p3 s1'],
    [{ pod: 'nobody' }, ''],
  ])('%j', async (filter, expected) => {
    expect((await texts(fixture.logs, filter)).join(' ')).toBe(expected);
  });

  it('tell where a tail is counted from', async () => {
    expect(await read(fixture.logs, { tail: 1 })).toMatchObject({ tailAt: 9, end: 9 });
    expect(await read(fixture.logs, {})).toMatchObject({ tailAt: null, end: 9 });
  });
});

describe('following', () => {
  it('gives each line as it comes, to every follower the same, and ends with the log', async () => {
    await printed(OUT, 'before\n');
    const followers = Array.from({ length: 20 }, () =>
      collect(fixture.logs.read({}, { follow: true, signal: new AbortController().signal })),
    );
    const one = fixture.logs.read({}, { follow: true, signal: never })[Symbol.asyncIterator]();
    expect(await takeLines(one, 1)).toEqual(['before']);
    for (const line of ['a', 'b', 'c']) {
      await printed(ERR, `${line}\n`);
      expect(await takeLines(one, 1)).toEqual([line]);
    }
    await fixture.print(OUT, 'last');
    await fixture.logs.finish();
    const all = await Promise.all(followers);
    for (const bytes of all) expect(bytes.toString()).toBe(all[0]?.toString());
    expect(all[0]?.toString()).toBe(
      (await collect(fixture.logs.read({}, { follow: false, signal: never }))).toString(),
    );
    expect(await takeLines(one, 1)).toEqual(['last']);
    expect(Buffer.from((await one.next()).value).toString()).toBe('{"end":5}\n');
    expect((await one.next()).done).toBe(true);
  });

  it('a tail gives its lines, then all that come', async () => {
    await printed(OUT, '1\n2\n3\n');
    const follower = fixture.logs.read({ tail: 1 }, { follow: true, signal: never })[Symbol.asyncIterator]();
    expect(await takeLines(follower, 1)).toEqual(['3']);
    await printed(OTHER, '4\n5\n');
    expect(await takeLines(follower, 2)).toEqual(['4', '5']);
    await follower.return?.();
  });

  it('stops with the signal, and that does not look like the end', async () => {
    const controller = new AbortController();
    const follower = collect(fixture.logs.read({}, { follow: true, signal: controller.signal }));
    const reason = new Error('the reader went away');
    controller.abort(reason);
    await expect(follower).rejects.toBe(reason);
    await expect(
      collect(fixture.logs.raw({ pod: 'x', follow: true, signal: controller.signal })),
    ).rejects.toBe(reason);
  });

  it('one that never reads holds up nobody', async () => {
    const idle = fixture.logs.read({}, { follow: true, signal: never })[Symbol.asyncIterator]();
    await printed(OUT, 'a\n');
    await idle.next();
    const others = Array.from({ length: 1000 }, () => read(fixture.logs, {}, { follow: true }));
    for (let line = 0; line < 50; line++) await printed(OUT, `${line}\n`);
    await fixture.logs.finish();
    for (const { lines } of await Promise.all(others)) expect(lines).toHaveLength(51);
    expect(await takeLines(idle, 50)).toHaveLength(50);
  });
});

describe('raw', () => {
  const raw = (options: { attempt?: number; skip?: number; follow?: boolean } = {}): Promise<Buffer> =>
    collect(fixture.logs.raw({ pod: 'worker-0-0', follow: false, signal: never, ...options }));

  it('is the bytes of the last attempt, both streams in order, then what has no newline yet', async () => {
    await printed(OUT, 'old\n');
    const [out, err] = [
      { ...OUT, attempt: 2 },
      { ...ERR, attempt: 2 },
    ];
    await printed(out, 'a\r\nb');
    await printed(err, 'x\ny');
    await printed(out, 'c\n\0');
    expect((await raw()).toString()).toBe('a\r\nx\nbc\n\0y');
    expect((await raw({ attempt: 1 })).toString()).toBe('old\n');
    expect((await raw({ skip: 5 })).toString()).toBe('bc\n\0y');
    expect((await raw({ attempt: 3 })).toString()).toBe('');
  });

  it('is followed until the attempt is closed, also from before the pod is there', async () => {
    const follower = raw({ follow: true });
    await printed(BUILD, 'x\n');
    await fixture.logs.file(ERR);
    await printed(OUT, 'a\nb');
    await fixture.logs.closed(OUT);
    await printed(ERR, 'c');
    await fixture.logs.closed(ERR);
    expect((await follower).toString()).toBe('a\nbc');
  });

  it('of a pod that never came ends with the log', async () => {
    const follower = raw({ follow: true });
    await fixture.logs.finish();
    expect((await follower).toString()).toBe('');
  });
});
