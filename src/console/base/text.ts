import { formatDuration } from '../../base/text/duration.ts';

/** Short words for a narrow column. */

/** `12s`, `4m 10s`, `2h 3m`, `3d 4h`: two units at most. @param seconds null: a dash */
export function shortDuration(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds > 0 && seconds < 1) return '<1s';
  return formatDuration(Math.floor(seconds)).split(' ').slice(0, 2).join(' ');
}

/** `now`, `4m ago`, `3d ago`; the date from a month on. @param now milliseconds since 1970 */
export function ago(time: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(time)) / 1000);
  if (seconds < 5) return 'now';
  if (seconds >= 30 * 86_400) return time.slice(0, 10);
  return `${formatDuration(seconds).split(' ')[0]} ago`;
}

/** In the zone of whoever reads it. */
export function localTime(time: string | null): string {
  if (time === null) return '–';
  // Made once, and late: a browser takes long to make one.
  localFormat ??= new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  return localFormat.format(new Date(time));
}

let localFormat: Intl.DateTimeFormat | null = null;

/** `100,000`, as everywhere in the program; the browser's own way to write it takes long the first time. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** 4 significant digits; large and small ones with an exponent. */
export function shortNumber(value: number | string | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return value;
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e6)
    ? value.toExponential(3)
    : String(Number(value.toPrecision(4)));
}

export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** The first line; a message may have several. */
export function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
