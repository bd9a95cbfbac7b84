/**
 * Whatever a stream is cut by, and whenever the process dies, a container's log is in its file once, byte by byte.
 */
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLog, type ReadingResult } from '../../../../../src/engines/kubernetes/logs/read.ts';
import { kubeletAnswer, printed, sinceOf, type Fragment } from '../../../../fakes/kubelet-log.ts';
import { anyStep, cutAt, fragments } from './arbitrary.ts';

const SECOND = 1_000_000_000;

/** One reading of a log that grows. */
interface Session {
  /** How much more of the log there is, in fragments. */
  more: number;
  /** Bytes of the answer that do not arrive; null: it ends as it should. */
  lost: number | null;
  /** Lengths of its pieces. */
  cuts: number[];
  /** The process dies in its last write; so many bytes of that were not written. Null: it lives on. */
  unwritten: number | null;
}

const session: fc.Arbitrary<Session> = fc.record({
  more: fc.nat(15),
  lost: fc.option(fc.nat(120)),
  cuts: fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 12 }),
  unwritten: fc.option(fc.nat(200)),
});

const LAST: Session = { more: Infinity, lost: null, cuts: [], unwritten: null };

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-log-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function newFile(content = ''): Promise<string> {
  const file = join(folder, `${files++}.log`);
  await writeFile(file, content);
  return file;
}

interface ReadOptions {
  session: Session;
  seek?: boolean;
  repeats?: boolean;
  onOpen?: (since: number | null) => void;
}

async function readOnce(
  file: string,
  log: readonly Fragment[],
  { session, seek = false, repeats = false, onOpen = () => undefined }: ReadOptions,
): Promise<ReadingResult> {
  let before = (await stat(file)).size;
  const result = await readLog({
    place: { file, positions: `${file}.position`, repeats, tail: null },
    open(sinceTime) {
      onOpen(sinceOf(sinceTime));
      return Promise.resolve(answer(log, sinceOf(sinceTime), session));
    },
    ...{ seek, final: session === LAST, gapless: false, signal: new AbortController().signal },
    heard: () => undefined,
    onGap: () => undefined,
    grown: () => Promise.resolve(),
    async inTurn(act) {
      before = (await stat(file)).size;
      return act();
    },
  });
  const { size } = await stat(file);
  if (session.unwritten !== null) await truncate(file, Math.max(before, size - session.unwritten));
  return result;
}

function answer(log: readonly Fragment[], since: number | null, { lost, cuts }: Session): Readable {
  const whole = kubeletAnswer(log, since);
  const pieces = cutAt(whole.subarray(0, Math.max(0, whole.length - (lost ?? 0))), cuts);
  return Readable.from(
    (async function* () {
      yield* pieces;
      if (lost !== null) throw new Error('cut');
    })(),
  );
}

/** Reads as the follower does, from one session to the next. */
async function readAll(
  file: string,
  log: readonly Fragment[],
  sessions: readonly Session[],
  repeats = false,
) {
  let there = 0;
  let seek = false;
  for (const each of [...sessions, LAST]) {
    there = Math.min(log.length, there + each.more);
    const { end } = await readOnce(file, log.slice(0, there), { session: each, seek, repeats });
    seek = end.kind === 'misaligned';
  }
  if (seek) await readOnce(file, log, { session: LAST, seek, repeats });
}

test.each([
  ['in order, with ties', { step: anyStep }],
  ['all at once', { step: fc.constant(0) }],
  ['in disorder', { step: fc.integer({ min: 0, max: SECOND / 5 }), disorder: SECOND }],
  ['in disorder, whole lines', { step: anyStep, disorder: SECOND, parts: false }],
])('a log whose stamps are %s', async (_, clock) => {
  await fc.assert(
    fc.asyncProperty(fragments(clock), fc.array(session, { maxLength: 8 }), async (log, sessions) => {
      const file = await newFile();
      await readAll(file, log, sessions);
      expect(await readFile(file)).toEqual(printed(log));
    }),
  );
});

test('logs of one file stand one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(fragments(), fc.array(session, { maxLength: 4 }), async (log, sessions) => {
      const file = await newFile('before\n');
      await readAll(file, log, sessions);
      expect(await readFile(file)).toEqual(Buffer.concat([Buffer.from('before\n'), printed(log)]));
    }),
  );
});

test('what follows on a line that was cut and rotated away is whole', async () => {
  const at = (seconds: number, text: string): Fragment => ({ stamp: { seconds, nanos: 0 }, bytes: Buffer.from(text), full: true });
  const [whole, cut, after] = [at(100, 'whole'), at(101, 'this line is cut'), at(102, 'this is after it')];
  for (const before of [[whole], []]) {
    const file = await newFile();
    await readOnce(file, [...before, cut], { session: { ...LAST, lost: 5 } });
    await readOnce(file, [after], { session: { ...LAST, lost: 3 } });
    await readOnce(file, [after], { session: LAST });
    const text = printed(before).toString();
    expect((await readFile(file)).toString()).toBe(`${text}this line isthis is after it\n`);
  }
}); // prettier-ignore

test('a rotation between two readings loses what was rotated away and nothing else', async () => {
  const step = fc.integer({ min: 1, max: SECOND });
  const whole = session.map((one) => ({ ...one, unwritten: null }));
  const readings = fc.array(fc.record({ session: whole, rotated: fc.nat(20) }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fragments({ step, parts: false }), readings, async (log, rotating) => {
      const file = await newFile();
      const arrived = log.map(() => 0);
      let [from, there, seek] = [0, 0, false];
      for (const { session, rotated } of [...rotating, { session: LAST, rotated: 0 }, { session: LAST, rotated: 0 }]) {
        there = Math.min(log.length, there + session.more);
        from = Math.min(there, from + rotated);
        const sent = { from, there, lost: session.lost ?? 0 };
        const onOpen = (since: number | null) => noteArrived(arrived, log, { ...sent, since });
        const { end } = await readOnce(file, log.slice(from, there), { session, seek, onOpen });
        seek = end.kind === 'misaligned';
      }
      const parts = log.map((line, index) => printed([line]).subarray(0, arrived[index]));
      expect((await readFile(file)).toString('latin1')).toEqual(Buffer.concat(parts).toString('latin1'));
    }),
    { numRuns: 300 },
  );
}); // prettier-ignore

/** How many bytes of each line have ever arrived. */
function noteArrived(
  arrived: number[],
  log: readonly Fragment[],
  sent: { from: number; there: number; lost: number; since: number | null },
): void {
  const { from, there, since, lost } = sent;
  const isSent = (line: Fragment) => since === null || line.stamp.seconds >= since;
  let left = kubeletAnswer(log.slice(from, there), since).length - lost;
  for (let index = from; index < there; index++) {
    const line = log[index];
    if (line === undefined || !isSent(line)) continue;
    const stamped = kubeletAnswer([line], null).length;
    const bytes = Math.min(stamped, Math.max(0, left)) - (stamped - printed([line]).length);
    arrived[index] = Math.max(arrived[index] ?? 0, bytes);
    left -= stamped;
  }
}
