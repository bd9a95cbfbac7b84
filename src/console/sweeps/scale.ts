/** Where values stand along an axis. Values of points are texts: numbers where all are, else words in their order. */

export type ChartScale =
  | { kind: 'number'; isLog: boolean; low: number; high: number; ticks: readonly number[] }
  | { kind: 'words'; words: readonly string[] };

/** From this factor between the largest and the smallest on, an axis counts in powers of ten. */
const LOG_FROM = 100;
/** As many different values are each a tick. */
const MOST_OWN_TICKS = 8;

/** @param values of all points; undefined: the point has none */
export function scaleOf(values: readonly (string | undefined)[]): ChartScale {
  const numbers = values.map(numberOf);
  if (values.length > 0 && numbers.every((value) => value !== null)) return numberScale(numbers);
  return { kind: 'words', words: [...new Set(values.map(wordOf))] };
}

/** @param isLog true: where that can be; null: as the values are spread */
export function numberScale(values: readonly number[], isLog: boolean | null = null): ChartScale {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const isPowers = low > 0 && (isLog ?? high / low >= LOG_FROM);
  const own = [...new Set(values)].toSorted((a, b) => a - b);
  const ticks =
    own.length <= MOST_OWN_TICKS ? own : isPowers ? powersWithin(low, high) : roundWithin(low, high);
  return { kind: 'number', isLog: isPowers, low, high, ticks };
}

/** From 0 (left, below) to 1. */
export function placeOn(scale: ChartScale, value: string | number | undefined): number {
  if (scale.kind === 'words') {
    const { words } = scale;
    return words.length === 1 ? 0.5 : words.indexOf(wordOf(value)) / (words.length - 1);
  }
  const { isLog, low, high } = scale;
  if (low === high) return 0.5;
  const number = Number(value);
  return isLog ? Math.log(number / low) / Math.log(high / low) : (number - low) / (high - low);
}

/** What stands at an axis, and where. @param most as many labels have room */
export function labelsOf(scale: ChartScale, most: number): { text: string | number; at: number }[] {
  const all = scale.kind === 'words' ? scale.words : scale.ticks;
  const step = Math.max(1, Math.ceil(all.length / Math.max(1, most)));
  return all.filter((_, index) => index % step === 0).map((text) => ({ text, at: placeOn(scale, text) }));
}

function wordOf(value: string | number | undefined): string {
  return value === undefined ? '–' : String(value);
}

/** Null: it is none, or not finite. */
function numberOf(text: string | undefined): number | null {
  if (text === undefined || text.trim() === '') return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

function powersWithin(low: number, high: number): number[] {
  const [from, to] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
  if (to <= from) return roundWithin(low, high);
  return Array.from({ length: to - from + 1 }, (_, index) => Number(`1e${from + index}`));
}

/** Some five round numbers. */
function roundWithin(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}
