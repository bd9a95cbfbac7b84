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

/** The point in time that `--since` means: a duration back from now, or an ISO 8601 time. As ISO with milliseconds. */
export function sinceFlag(text: string, now: Date): string {
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
    const time = new Date(text);
    if (!Number.isNaN(time.getTime())) return time.toISOString();
  }
  const parsed = parseDuration(text);
  if ('seconds' in parsed) return new Date(now.getTime() - parsed.seconds * 1000).toISOString();
  throw new AichorError('usage', `--since: ${parsed.message}, and not a time`, {
    hint: 'write how long ago (90s, 5m, 2h, 1d) or when (2026-05-01T12:00:00Z)',
  });
}
