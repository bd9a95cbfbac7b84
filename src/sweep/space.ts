import { AichorError } from '../errors.ts';
import { assertPointName, pointKey, type Point } from './point.ts';
import { splitValues } from './values.ts';

/** A name whose values are drawn. */
export interface Space {
  name: string;
  /** From a number in [0, 1) to the value's text. */
  draw(chance: number): string;
}

const FORMS = 'log:1e-4:1e-1, uniform:0:1, int:1:8, logint:8:1024 or choice:a,b';
/** Digits of a drawn number: more say nothing about a search. */
const DIGITS = 6;

/** `NAME=log:LOW:HIGH`, `uniform:`, `int:`, `logint:` (both ends included) or `choice:A,B`. Throws AichorError `usage`. */
export function parseSpace(text: string): Space {
  const match = /^([^=]+)=([a-z]+):(.*)$/s.exec(text);
  const [, name = '', form = '', rest = ''] = match ?? [];
  if (match === null) throw badSpace(text, 'is not NAME=FORM:LOW:HIGH');
  assertPointName(name, '--space');
  if (form === 'choice') {
    const values = splitValues(rest, `--space ${name}`);
    return { name, draw: (chance) => values[Math.floor(chance * values.length)] ?? '' };
  }
  const draw = DRAWS[form];
  if (draw === undefined) throw badSpace(text, `names no form that there is`);
  const [low, high, ...more] = rest
    .split(':')
    .map((bound) => (bound.trim() === '' ? Number.NaN : Number(bound)));
  if (low === undefined || high === undefined || more.length > 0 || !Number.isFinite(low + high))
    throw badSpace(text, 'has not two numbers');
  if (low > high) throw badSpace(text, 'ends below its beginning');
  if (form.startsWith('log') && low <= 0)
    throw badSpace(text, 'reaches down to zero, where there is no logarithm');
  if (form.endsWith('int') && !(Number.isSafeInteger(low) && Number.isSafeInteger(high)))
    throw badSpace(text, 'has no whole numbers as its ends');
  return { name, draw: (chance) => draw(chance, low, high) };
}

const DRAWS: Readonly<Record<string, (chance: number, low: number, high: number) => string>> = {
  uniform: (chance, low, high) => numberText(low + chance * (high - low)),
  log: (chance, low, high) => numberText(Math.exp(logBetween(chance, low, high))),
  int: (chance, low, high) => String(low + Math.floor(chance * (high - low + 1))),
  // Each whole number has the stretch from itself to the next one.
  logint: (chance, low, high) =>
    String(Math.min(high, Math.floor(Math.exp(logBetween(chance, low, high + 1)) + 1e-9))),
};

function logBetween(chance: number, low: number, high: number): number {
  return Math.log(low) + chance * (Math.log(high) - Math.log(low));
}

function numberText(value: number): string {
  return String(Number(value.toPrecision(DIGITS)));
}

function badSpace(text: string, why: string): AichorError {
  return new AichorError('usage', `--space ${JSON.stringify(text)} ${why}`, { hint: `for example ${FORMS}` });
}

/** So many draws in vain, one after another, mean that there are no further points. */
const MOST_IN_VAIN = 1000;

/**
 * `count` different points, the same for the same seed: more of them begin with the same ones, and a further space changes
 * nothing about the others. Fewer when there are not so many.
 */
export function drawPoints(spaces: readonly Space[], count: number, seed: number): Point[] {
  const points = new Map<string, Point>();
  for (let at = 0, inVain = 0; points.size < count && inVain < MOST_IN_VAIN; at++) {
    const entries = spaces.map(({ name, draw }) => [name, draw(chanceOf(`${seed} ${name} ${at}`))] as const);
    const point: Point = Object.fromEntries(entries);
    const key = pointKey(point);
    inVain = points.has(key) ? inVain + 1 : 0;
    points.set(key, point);
  }
  return [...points.values()];
}

/** A number in [0, 1) that hangs on every character of the text (FNV-1a, mixed as in MurmurHash3), on all machines the same. */
function chanceOf(text: string): number {
  let low = 0x811c9dc5;
  let high = 0xdeadbeef;
  for (let at = 0; at < text.length; at++) {
    low = Math.imul(low ^ text.charCodeAt(at), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(at), 0x85ebca6b);
  }
  return ((mixed(high ^ low) >>> 5) * 2 ** 26 + (mixed(low + Math.imul(high, 0x9e3779b1)) >>> 6)) / 2 ** 53;
}

function mixed(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
