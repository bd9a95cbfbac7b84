import type { Scalar } from './series.ts';

/** Values that one line of JSON gives: by name; step and time are those of the line. */
export interface LineMetrics {
  step: number | null;
  /** Seconds; null: none was given. */
  time: number | null;
  values: [name: string, value: number][];
}

/** Names are kept up to here, and values of one line up to there. */
const LONGEST_NAME = 500;
const MOST_VALUES = 500;
const DEEPEST = 4;
/** What belongs to a line and is no metric of its own. */
const STEP = 'step';
const TIMES = ['time', 'timestamp', '_timestamp', '_time'];
/** The key that marks a line of a log. */
export const MARK = 'metric';

/**
 * A line of `metrics.jsonl`: an object with numbers, `step` and perhaps `time` (seconds, or ISO 8601) among them; objects in it give
 * names like `val/loss`. Null: it is none.
 */
export function metricsOfLine(line: string): LineMetrics | null {
  const object = parsedObject(line);
  return object === null ? null : metricsOf(object);
}

/** Whether a line of `metrics.jsonl` is what belongs there: an object, whatever it holds, or nothing. */
export function isLineOfMetrics(line: string): boolean {
  return line.trim() === '' || parsedObject(line) !== null;
}

/** A line of a log that is one object, marked: `{"metric": {"loss": 0.3, "step": 10}}`. Null: it is none. */
export function metricsOfLogLine(line: string): LineMetrics | null {
  const object = parsedObject(line);
  const marked = object?.[MARK];
  return isObject(marked) ? metricsOf(marked) : null;
}

/** What a series takes of it; `time` stands in where none was given. */
export function scalarsOf({ step, time, values }: LineMetrics, now: number): [string, Scalar][] {
  return values.map(([name, value]) => [name, { step: step ?? 0, time: time ?? now, value }]);
}

function metricsOf(object: Record<string, unknown>): LineMetrics | null {
  const values: [string, number][] = [];
  collect(object, '', values, 0);
  if (values.length === 0) return null;
  const times = TIMES.map((name) => timeOf(object[name])).filter((time) => time !== null);
  return { step: numberOf(object[STEP]), time: times[0] ?? null, values };
}

function collect(
  object: Record<string, unknown>,
  before: string,
  into: [string, number][],
  depth: number,
): void {
  for (const [key, value] of Object.entries(object)) {
    if (depth === 0 && (key === STEP || TIMES.includes(key))) continue;
    const name = `${before}${key}`.slice(0, LONGEST_NAME);
    const number = numberOf(value);
    if (number !== null && key !== '' && into.length < MOST_VALUES) into.push([name, number]);
    else if (isObject(value) && depth < DEEPEST) collect(value, `${name}/`, into, depth + 1);
  }
}

/** Numbers; and the three words that JSON has no number for. */
function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : null;
}

/** Seconds. */
function timeOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : time / 1000;
}

/** Python writes `NaN`, `Infinity` and `-Infinity` bare, which JSON does not know: read as the words. */
function parsedObject(line: string): Record<string, unknown> | null {
  // With a byte order mark, which some writers put before the first line.
  const text = line.trim();
  if (!text.startsWith('{')) return null;
  const value = parsed(text) ?? parsed(text.replace(WITHOUT_QUOTES, quoted));
  return isObject(value) ? value : null;
}

/** Numbers that JSON has not, and strings, in which they are none. One that never ends goes to the end: it is looked at once. */
const WITHOUT_QUOTES = /"(?:[^"\\]|\\[^])*"?|-?Infinity\b|\bNaN\b/g;

function quoted(token: string): string {
  return token.startsWith('"') ? token : `"${token}"`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
