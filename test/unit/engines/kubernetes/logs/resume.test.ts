import { describe, expect, test } from 'vitest';
import { createLedger } from '../../../../../src/engines/kubernetes/logs/resume.ts';
import { beginning, type Position } from '../../../../../src/engines/kubernetes/logs/position.ts';
import { createReplay } from '../../../../../src/engines/kubernetes/logs/resume.ts';
import { createSeek } from '../../../../../src/engines/kubernetes/logs/resume.ts';
import type { Stamp } from '../../../../../src/engines/kubernetes/logs/stamp.ts';
import { kubeletAnswer, type Fragment } from '../../../../fakes/kubelet-log.ts';

const at = (seconds: number, nanos = 0): Stamp => ({ seconds, nanos });
const line = (stamp: Stamp, text: string): Fragment => ({ stamp, bytes: Buffer.from(text), full: true });

/** What is asked for after these lines, and how many of the answer are known. */
function afterLines(stamps: readonly Stamp[]) {
  const ledger = createLedger({ since: null, total: 0, oldest: null });
  for (const stamp of stamps) ledger.add(stamp);
  const { since, count, first } = ledger.bearings();
  return { since, count, first };
}

describe('what is asked for', () => {
  test.each([
    ['everything, as long as nothing came', [], { since: null, count: 0, first: null }],
    ['two seconds more than the last line', [at(10), at(17), at(20)], { since: 18, count: 1, first: at(20) }],
    ['the lines of these seconds', [at(18, 5), at(18, 6), at(20)], { since: 18, count: 3, first: at(18, 5) }],
    ['also when they are out of order', [at(20), at(19, 9), at(20, 1)], { since: 18, count: 3, first: at(20) }],
    ['everything when the clock was set back', [at(100), at(1000), at(100, 1)], { since: null, count: 3, first: at(100) }],
    ['everything until it has caught up', [at(1000), at(100), at(998)], { since: null, count: 3, first: at(1000) }],
    ['seconds again when it has', [at(1000), at(100), at(1001)], { since: 999, count: 2, first: at(1000) }],
  ])('%s', (_, stamps, bearings) => {
    expect(afterLines(stamps)).toEqual(bearings);
  }); // prettier-ignore
});

describe('where a rotated log goes on', () => {
  const runs = (...stamps: [number, number][]) =>
    stamps.map(([second, times]) => ({ stamp: at(second), times }));
  test.each([
    ['after the last line', runs([1, 1], [2, 1], [3, 1]), [1, 2, 3, 4], 3, false],
    ['after as many of one time as there were', runs([1, 1], [2, 3]), [2, 2, 2, 2, 3], 3, false],
    ['after fewer of them, when some were rotated away', runs([1, 1], [2, 3]), [2, 2, 3], 2, false],
    ['not in the middle, where a time comes again', runs([2, 1], [1, 1], [2, 1]), [2, 1, 2, 3], 3, false],
    ['at once, when all of it is new', runs([1, 1], [2, 1]), [3, 4], 0, true],
    ['after what is older than what is remembered', runs([5, 1], [6, 1]), [3, 4, 5, 6, 7], 4, false],
    ['where lines are missing', runs([5, 1], [6, 1]), [5, 8, 9], 1, true],
  ])('%s', (_, recent, seconds, old, gap) => {
    const seek = createSeek(recent);
    const first = seconds.findIndex((second) => !seek.isOld(at(second)));
    expect(first).toBe(old);
    expect(seek.gap).toBe(gap);
  });
});

describe('a replay', () => {
  const taken: Position = {
    ...beginning(0),
    ...{ since: 8, count: 3, first: at(9), total: 3, oldest: at(9), offset: 6 },
    recent: [{ stamp: at(9), times: 2 }, { stamp: at(10), times: 1 }],
  }; // prettier-ignore

  function replayed(lines: readonly Fragment[], seek = false) {
    const replay = createReplay(taken, { seek });
    const bytes = replay.take(kubeletAnswer(lines, null)).toString();
    return { bytes, misaligned: replay.misaligned, gap: replay.gap, replay };
  }

  test('skips as many lines as were taken', () => {
    const { bytes, replay } = replayed([line(at(9), 'a'), line(at(9), 'b'), line(at(10), 'c'), line(at(10), 'd')]);
    expect(bytes).toBe('d\n');
    expect(replay.position()).toMatchObject({ since: 8, count: 4, total: 4, offset: 8, recent: [{ times: 2 }, { times: 2 }] });
  }); // prettier-ignore

  test('notices at the last of them that it is another file that begins alike', () => {
    const lines = [line(at(9), 'b'), line(at(10), 'c'), line(at(11), 'd')];
    expect(replayed(lines)).toMatchObject({ bytes: '', misaligned: true });
    expect(replayed(lines, true)).toMatchObject({ bytes: 'd\n', misaligned: false, gap: null });
  });

  test('goes by stamps at once when the file begins otherwise', () => {
    expect(replayed([line(at(10), 'c'), line(at(11), 'd')])).toMatchObject({ bytes: 'd\n', gap: null });
    expect(replayed([line(at(11), 'd')])).toMatchObject({
      bytes: 'd\n',
      gap: { after: at(10), before: at(11) },
    });
  });
});
