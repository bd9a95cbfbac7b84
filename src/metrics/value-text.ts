import type { MetricValue } from '../experiment/record.ts';

/** Digits that a reader tells values apart by; event files have 7 to 9 of them. */
const DIGITS = 6;

/** A value for people: `0.345679`, `1.2e-7`, `NaN`; `-` where there is none. */
export function valueText(value: MetricValue | null): string {
  if (value === null) return '-';
  if (typeof value === 'string') return value;
  return String(Number(value.toPrecision(DIGITS)));
}
