const SECONDS = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 } as const;
const UNITS = ['w', 'd', 'h', 'm', 's'] as const;
type Unit = (typeof UNITS)[number];

export type ParsedDuration = { seconds: number } | { message: string; hint: string };

/**
 * Seconds of a duration like `1w 2d 5h 6m 20s`: whole numbers with a unit each, every unit at most once, blanks
 * between them or not. What cannot be read comes back as a sentence and what to write instead.
 */
export function parseDuration(text: string): ParsedDuration {
  const trimmed = text.trim();
  if (trimmed === '') return refused(text, 'write a number with its unit, for example "8h"');
  if (/^\d+$/.test(trimmed))
    return refused(
      text,
      `say the unit: "${trimmed}s" is seconds, "${trimmed}m" minutes, "${trimmed}h" hours, "${trimmed}d" days`,
    );
  if (/^[\d\s]+[WDHMS]/.test(trimmed))
    return refused(text, `units are small letters: "${trimmed.toLowerCase()}"`);
  if (/^\d+[.,]\d+\s*[wdhms]/.test(trimmed))
    return refused(text, `use whole numbers of a smaller unit: ${smallerUnit(trimmed)}`);
  const seen = new Set<string>();
  let seconds = 0;
  for (const part of trimmed.match(/\d+\s*[a-z]+|\S+/g) ?? []) {
    const [, digits, unit] = /^(\d+)\s*([wdhms])$/.exec(part) ?? [];
    if (digits === undefined || !isUnit(unit))
      return refused(text, 'units are w, d, h, m and s, for example "1d 12h"');
    if (seen.has(unit)) return refused(text, `"${unit}" is there twice; add the two up`);
    seen.add(unit);
    seconds += Number(digits) * SECONDS[unit];
  }
  if (!Number.isSafeInteger(seconds)) return refused(text, 'that is longer than any experiment can run');
  return { seconds };
}

/** The shortest way to write a whole number of seconds: `90061` → `1d 1h 1m 1s`, `0` → `0s`. */
export function formatDuration(seconds: number): string {
  let rest = seconds;
  const parts: string[] = [];
  for (const unit of UNITS) {
    const amount = Math.floor(rest / SECONDS[unit]);
    if (amount > 0) parts.push(`${amount}${unit}`);
    rest -= amount * SECONDS[unit];
  }
  return parts.join(' ') || '0s';
}

function isUnit(text: string | undefined): text is Unit {
  return UNITS.some((unit) => unit === text);
}

function smallerUnit(text: string): string {
  const [, digits, unit] = /^(\d+[.,]\d+)\s*([wdhms])/.exec(text) ?? [];
  if (digits === undefined || !isUnit(unit)) return '"90m" for an hour and a half';
  return `"${formatDuration(Math.round(Number(digits.replace(',', '.')) * SECONDS[unit]))}"`;
}

function refused(text: string, hint: string): ParsedDuration {
  return { message: `${JSON.stringify(text)} is not a duration`, hint };
}
