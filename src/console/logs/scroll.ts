/** Lines of equal height in a box that scrolls: which of them are seen. All lengths are CSS pixels. */

export const ROW_HEIGHT = 20;
/** Browsers draw nothing below some 17 million (Firefox): from there on a step of the bar is more than a line. */
const MOST_HEIGHT = 15_000_000;

export interface ScrollPlace {
  /** The topmost line that is seen, from 0. */
  first: number;
  /** How much of it is above the edge. */
  hidden: number;
}

/** @param rowHeight of a line, or of the usual one where they are wrapped */
export function scrollHeight(lines: number, rowHeight = ROW_HEIGHT): number {
  return Math.min(lines * rowHeight, MOST_HEIGHT);
}

/** @param height of the box */
export function placeAt(top: number, { lines, height }: { lines: number; height: number }): ScrollPlace {
  const whole = scrollHeight(lines);
  const exact =
    whole === lines * ROW_HEIGHT
      ? top / ROW_HEIGHT
      : (top / Math.max(1, whole - height)) * (lines - height / ROW_HEIGHT);
  const first = Math.max(0, Math.min(Math.floor(exact), lines - 1));
  return { first, hidden: Math.max(0, (exact - first) * ROW_HEIGHT) };
}

/** Where the bar must stand so that a line is at the top of the box. */
export function topOf(line: number, { lines, height }: { lines: number; height: number }): number {
  const whole = scrollHeight(lines);
  if (whole === lines * ROW_HEIGHT) return line * ROW_HEIGHT;
  return (line / Math.max(1, lines - height / ROW_HEIGHT)) * (whole - height);
}

/** Where a wrapped log is: lines have heights of their own, so the bar tells a share of it, from 0 to 1. */
export interface WrappedPlace {
  /** The line that is held to the place of the window that lies at the same share of it. */
  line: number;
  /** How much of that line lies above that place: 0 to 1. */
  within: number;
  /** Where that place is, from the top of the box. */
  at: number;
}

/** @param share of the way of the bar: 0 is the start of the first line at the top, 1 the end of the last one at the bottom */
export function wrappedPlace(
  share: number,
  { lines, height }: { lines: number; height: number },
): WrappedPlace {
  const exact = Math.min(1, Math.max(0, share)) * lines;
  const line = Math.max(0, Math.min(Math.floor(exact), lines - 1));
  return { line, within: exact - line, at: Math.min(1, Math.max(0, share)) * height };
}
