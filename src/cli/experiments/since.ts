import { AichorError } from '../../errors.ts';
import { parseDuration } from '../../base/text/duration.ts';

/** Seconds of a duration flag (`90s`, `1d 12h`). Throws AichorError `usage` that names the flag. */
export function durationFlag(text: string, flag: string): number {
  const parsed = parseDuration(text);
  if ('seconds' in parsed) return parsed.seconds;
  throw new AichorError('usage', `${flag}: ${parsed.message}`, { hint: parsed.hint });
}

/** The same for how long to wait: a number alone is seconds, as it is to `timeout` and `sleep`. */
export function secondsFlag(text: string, flag: string): number {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : durationFlag(text, flag);
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** `1.5h`, `2 hours ago`, `90 min`. */
const AGO =
  /^(\d+(?:\.\d+)?)\s*(s|sec|secs|seconds?|m|min|mins|minutes?|h|hrs?|hours?|d|days?|w|weeks?)(?:\s+ago)?$/i;
/** A date, or a date and a time, without a zone: then it is the reader's. */
const LOCAL = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?$/;

/**
 * The point in time that `--since` means: how long ago (`90s`, `1.5h`, `2 hours ago`), `today`, `yesterday`, a date or a time
 * (the reader's, unless a zone is written). As ISO with milliseconds. Throws AichorError `usage`, for impossible dates too.
 */
export function sinceFlag(text: string, now: Date, flag = '--since'): string {
  const written = text.trim();
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  if (/^now$/i.test(written)) return now.toISOString();
  if (/^today$/i.test(written)) return midnight.toISOString();
  if (/^yesterday$/i.test(written)) {
    midnight.setDate(midnight.getDate() - 1);
    return midnight.toISOString();
  }
  const [, amount, unit] = AGO.exec(written) ?? [];
  if (amount !== undefined && unit !== undefined) {
    const seconds = Number(amount) * (UNIT_SECONDS[unit.charAt(0).toLowerCase()] ?? 1);
    return new Date(now.getTime() - seconds * 1000).toISOString();
  }
  if (/^\d{4}-/.test(written)) return dateOf(written, flag);
  const parsed = parseDuration(written.replace(/\s+ago$/i, ''));
  if ('seconds' in parsed) return new Date(now.getTime() - parsed.seconds * 1000).toISOString();
  throw noTime(`${parsed.message}, and not a time`, flag);
}

function dateOf(written: string, flag: string): string {
  const parts = LOCAL.exec(written);
  const day = /^(\d{4})-(\d{2})-(\d{2})/.exec(written);
  // The calendar of the language takes the 31st of April for the first of May.
  if (day !== null) {
    const [year, month, date] = day.slice(1).map(Number);
    const there = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, date));
    if (there.getUTCMonth() + 1 !== month || there.getUTCDate() !== date)
      throw noTime(`${JSON.stringify(written)} is no day of the calendar`, flag);
  }
  const time =
    parts === null
      ? new Date(written)
      : new Date(written.length === 10 ? `${written}T00:00` : written.replace(' ', 'T'));
  if (Number.isNaN(time.getTime())) throw noTime(`${JSON.stringify(written)} is not a time`, flag);
  return time.toISOString();
}

function noTime(message: string, flag: string): AichorError {
  return new AichorError('usage', `${flag}: ${message}`, {
    hint: 'write how long ago (90s, 1.5h, 2 hours ago), yesterday, or when (2026-05-01, 2026-05-01T12:00:00Z)',
  });
}
