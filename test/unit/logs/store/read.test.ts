import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isOpenLine, OPEN_LIMIT, type LogFilter } from '../../../../src/logs/line.ts';
import { parseLogLine } from '../../../../src/logs/wire.ts';
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

describe('a line that stays open', () => {
  const opened = (filter: LogFilter = {}) => {
    const follower = fixture.logs.read(filter, { follow: true, signal: never })[Symbol.asyncIterator]();
    return {
      follower,
      next: async () => parseLogLine(Buffer.from((await follower.next()).value).toString()),
    };
  };

  it('is told to followers as it stands, and once whole when it ends', async () => {
    await printed(OUT, 'before\n');
    const { follower, next } = opened();
    expect(await next()).toMatchObject({ sequence: 1, text: 'before', partial: false });
    await printed(OUT, '\r 10%|#   |');
    const first = await next();
    expect(first).toMatchObject({ sequence: 1, text: ' 10%|#   |', partial: true, pod: 'worker-0-0' });
    expect(isOpenLine(first)).toBe(true);
    await printed(OUT, '\r 20%|##  |\r');
    expect(await next()).toMatchObject({ sequence: 1, text: ' 20%|##  |', partial: true });
    await printed(OTHER, 'beside\n');
    expect(await next()).toMatchObject({ sequence: 2, text: 'beside' });
    await printed(OUT, '\r 30%\n');
    expect(await next()).toMatchObject({
      sequence: 3,
      text: '\r 10%|#   |\r 20%|##  |\r\r 30%',
      partial: false,
    });
    expect((await read(fixture.logs)).lines.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    await follower.return?.();
  });

  it('is told at most twice a second, and not at all when it ends soon, stays the same or is not wanted', async () => {
    const { follower, next } = opened({ pod: OUT.pod as string });
    await printed(OTHER, 'of another pod');
    await printed(OUT, 'ends soon');
    await printed(OUT, '\n');
    expect(await next()).toMatchObject({ sequence: 1, text: 'ends soon', partial: false });
    const states: string[] = [];
    const times: number[] = [];
    const reading = (async () => {
      for (let line = await next(); line.partial; line = await next()) {
        states.push(line.text);
        times.push(performance.now());
      }
    })();
    for (let step = 0; states.length < 4; step++) {
      await printed(OUT, `\r${step}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await printed(OUT, '\n');
    await reading;
    expect(new Set(states).size).toBe(states.length);
    // Timers may be early by a millisecond.
    for (const [index, time] of times.entries())
      if (index > 0) expect(time - (times[index - 1] ?? 0)).toBeGreaterThan(400);
    await follower.return?.();
  });

  it('is not told to those who only read, nor a state that has nothing to show', async () => {
    const { follower, next } = opened();
    await printed(OUT, '\r\r');
    await printed(ERR, 'é'.repeat(2 * OPEN_LIMIT));
    const shown = await next();
    expect(shown).toMatchObject({ stream: 'stderr', partial: true });
    expect(shown.text).toBe('é'.repeat(OPEN_LIMIT / 2));
    expect((await read(fixture.logs)).lines).toEqual([]);
    await follower.return?.();
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

  it('gives bytes of an open line to followers as they come, each once, and who resumes the rest', async () => {
    const following = fixture.logs.raw({ pod: 'worker-0-0', follow: true, signal: never });
    const chunks = following[Symbol.asyncIterator]();
    const next = async (): Promise<string> => Buffer.from((await chunks.next()).value ?? '').toString();
    for (const piece of ['a', 'b\r', 'c\nd', '\n', 'e']) {
      await printed(OUT, piece);
      let seen = '';
      while (seen !== piece && piece.startsWith(seen)) seen += await next();
      expect(seen).toBe(piece);
    }
    await printed(ERR, 'err\n');
    expect(await next()).toBe('err\n');
    await printed(OUT, 'f\ng');
    expect((await next()) + (await next())).toBe('f\ng');
    const resumed = raw({ skip: 3, follow: true });
    await fixture.logs.closed(OUT);
    await fixture.logs.closed(ERR);
    expect((await chunks.next()).done).toBe(true);
    expect((await resumed).toString()).toBe('c\nd\nerr\nef\ng');
  });

  it('gives a line of several parts once, however it came', async () => {
    const chunks: Buffer[] = [];
    const reading = (async () => {
      for await (const chunk of fixture.logs.raw({ pod: 'worker-0-0', follow: true, signal: never }))
        chunks.push(Buffer.from(chunk));
    })();
    const pieces = [300_000, 900_000, 1_100_000, 5, 700_000].map((length, at) =>
      Buffer.alloc(length, `${at}`),
    );
    for (const piece of pieces) {
      await fixture.print(OUT, piece);
      await fixture.logs.appended([OUT]);
    }
    await fixture.logs.closed(OUT);
    await reading;
    expect(Buffer.concat(chunks).equals(Buffer.concat(pieces))).toBe(true);
  });

  it('of a pod that never came ends with the log', async () => {
    const follower = raw({ follow: true });
    await fixture.logs.finish();
    expect((await follower).toString()).toBe('');
  });
});
