import type { Metric, Metrics, MetricValue } from '../experiment/record.ts';
import { shownPoints, type SeriesPoint, type Series } from './series.ts';

/** A point of a series as documents have it. JSON has no time for a clock that says none. */
export type PointRecord = [step: number, time: number | null, value: MetricValue, attempt: number];

/** A metric of an experiment's record. */
export function metricOf({ last, min, max, single }: Series): Metric {
  return {
    last: valueOf(last.value, single),
    step: last.step,
    min: Number.isNaN(min) ? null : valueOf(min, single),
    max: Number.isNaN(max) ? null : valueOf(max, single),
    time: timeOf(last.time),
  };
}

/** A series as documents have it. */
export function seriesRecord(series: Series): PointRecord[] {
  const record = ({ step, time, value, attempt }: SeriesPoint): PointRecord => [
    step,
    Number.isFinite(time) ? time : null,
    valueOf(value, series.single),
    attempt,
  ];
  return shownPoints(series).map(record);
}

/** How far it is: the highest last step of all metrics, where `total_steps` is one of them (with its run in front, too). */
export function progressOf(metrics: Metrics): { step: number; total_steps: number } | null {
  const entries = Object.entries(metrics);
  const total = entries.find(([name]) => isTotal(name))?.[1].last;
  if (typeof total !== 'number' || !(total > 0)) return null;
  const steps = entries.filter(([name]) => !isTotal(name)).map(([, { step }]) => step ?? 0);
  return { step: Math.max(0, ...steps), total_steps: total };
}

function isTotal(name: string): boolean {
  return name === 'total_steps' || name.endsWith('/total_steps');
}

/** JSON has no NaN and no infinities. Numbers of 32 bits get the shortest text that means them: 0.1, not 0.10000000149. */
function valueOf(value: number, single: boolean): MetricValue {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (!single || Math.fround(value) !== value) return value;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** The last time that documents have: a clock that is set wrong, or counts milliseconds, gives none. */
const LATEST = Date.UTC(9999, 11, 31) / 1000;

function timeOf(seconds: number): string | null {
  return seconds > 0 && seconds < LATEST ? new Date(seconds * 1000).toISOString() : null;
}
