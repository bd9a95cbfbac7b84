import { parseDuration } from '../../base/text/duration.ts';
import { AichorError } from '../../errors.ts';

/** Seconds of a flag like `--expires 90d`. Throws AichorError `usage`. */
export function secondsFlag(flag: string, text: string): number {
  const parsed = parseDuration(text);
  if ('seconds' in parsed && parsed.seconds > 0) return parsed.seconds;
  const [message, hint] =
    'seconds' in parsed ? ['no time at all', 'write for example 90d'] : [parsed.message, parsed.hint];
  throw new AichorError('usage', `${flag}: ${message}`, { hint });
}
