import fc from 'fast-check';
import type { Fragment } from '../../../../fakes/kubelet-log.ts';

/** How the stamps of a log follow one another. */
interface Clock {
  /** Nanoseconds between one and the next; 0: ties. Default: up to two seconds. */
  step?: fc.Arbitrary<number>;
  /** Nanoseconds by which one may be earlier. Default: none. */
  disorder?: number;
  /** Whether lines come in fragments. Default: yes. */
  parts?: boolean;
}

const START = 1_795_358_094;
const SECOND = 1_000_000_000;

/** Steps of a clock that often stands still, and at times leaps. */
export const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 2 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: SECOND }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 5 * SECOND }) },
);

const content = fc.oneof(
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 10))),
  fc.constantFrom('', 'x', 'same', '2026-11-22T14:34:54.934617049Z x').map((text) => Buffer.from(text)),
);

/** A container's log of any bytes. */
export function fragments({ step = anyStep, disorder = 0, parts = true }: Clock = {}): fc.Arbitrary<
  Fragment[]
> {
  const fragment = fc.record({
    step,
    back: fc.integer({ min: 0, max: disorder }),
    bytes: content,
    full: parts ? fc.integer({ min: 0, max: 3 }).map((chance) => chance > 0) : fc.constant(true),
  });
  return fc.array(fragment, { maxLength: 40 }).map((list) => {
    let time = 0;
    let goesOn = false;
    return list.map(({ step: later, back, bytes, full }) => {
      time += later;
      const at = Math.max(0, time - back);
      const stamp = { seconds: START + Math.floor(at / SECOND), nanos: at % SECOND };
      // The runtime never writes an empty fragment of a line that goes on; and no line is cut in two by chance where
      // its second half looks like a stamp.
      const isOdd = (bytes.length === 0 && !full) || (goesOn && bytes.includes('T14:34'));
      goesOn = !full;
      return { stamp, bytes: isOdd ? Buffer.from('-') : bytes, full };
    });
  });
}

/** Pieces of these lengths, and the rest. */
export function cutAt(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return [...pieces, bytes.subarray(at)].filter((piece) => piece.length > 0);
}
