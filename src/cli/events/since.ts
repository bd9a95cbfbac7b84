import { AichorError } from '../../errors.ts';

/** `--since` of events: a sequence, or `now`. Throws AichorError `usage`. */
export function sequenceFlag(text: string | undefined): number | 'now' | undefined {
  if (text === undefined || text === 'now') return text;
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new AichorError('usage', `--since ${JSON.stringify(text)} is not a sequence`, {
    hint: 'give the "sequence" of the last line that was seen, or now',
  });
}
