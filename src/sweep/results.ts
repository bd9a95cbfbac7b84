import type { Metrics } from '../experiment/record.ts';
import { isTerminal, type Status } from '../experiment/status.ts';
import { varyingNames, type Point } from './point.ts';

/** One experiment of a sweep, as its results are made of it. */
export interface Member {
  experiment_id: string;
  point: Point;
  index: number;
  repeat: number;
  status: Status;
  duration_s: number | null;
  metrics: Metrics;
}

/** Which of a metric's values counts: the one that was written last, or an extreme. */
export type MetricPart = 'last' | 'min' | 'max';

export interface ResultsWanted {
  /** Names of metrics. */
  metrics: readonly string[];
  /** What points are ranked by, one of them; null: by nothing. */
  rank: string | null;
  goal: 'min' | 'max';
  take: MetricPart;
}

const SMALLER_IS_BETTER =
  /loss|err(?:or)?\b|perplexity|\bppl\b|\bmse\b|\bmae\b|rmse|regret|latency|seconds|time/i;

/** Which way a metric is better, by its name: a loss the smaller, anything unknown the larger. */
export function usualGoal(metric: string): 'min' | 'max' {
  return SMALLER_IS_BETTER.test(metric.replaceAll('_', ' ')) ? 'min' : 'max';
}

/** One number of several repeats. */
export interface Spread {
  mean: number;
  /** Standard deviation of the repeats, as a sample; null for one repeat. */
  spread: number | null;
  /** How many repeats it is of: those that have a number. */
  n: number;
}

/** What came of one point. */
export interface ResultRow {
  index: number;
  /** Names and values: only names that differ between points. */
  point: Record<string, string>;
  experiments: string[];
  counts: Partial<Record<Status, number>>;
  /** Repeats that have no experiment. */
  missing: number;
  /** By name, over the repeats; null where no repeat has a number. */
  metrics: Record<string, Spread | null>;
  duration_s: Spread | null;
}

export interface Results {
  sweep: string;
  /** What points are ranked by; null: by nothing, they stand in their order. */
  metric: string | null;
  goal: 'min' | 'max';
  take: MetricPart;
  /** Names that differ between points. */
  columns: string[];
  /** Names that do not, with their value. */
  constant: Record<string, string>;
  /** One for each point, the best first; those without a number last. */
  rows: ResultRow[];
  missing: { index: number; repeat: number; point: Point }[];
}

interface Source {
  sweep: string;
  experiments: readonly Member[];
  missing_points: readonly { index: number; repeat: number; point: Point }[];
}

/**
 * One row a point. A number is the mean over the repeats that have succeeded or still run: what failed or was cancelled has
 * stopped somewhere, and says nothing about its point.
 */
export function resultsOf(source: Source, wanted: ResultsWanted): Results {
  const { experiments, missing_points: missing } = source;
  const points = new Map<number, Point>();
  for (const { index, point } of [...experiments, ...missing]) points.set(index, point);
  const columns = varyingNames([...points.values()]);
  const constant = Object.fromEntries(
    Object.entries([...points.values()][0] ?? {}).filter(([name]) => !columns.includes(name)),
  );
  const members = byIndex(experiments);
  const gone = byIndex(missing);
  const rows = [...points].map(([index, point]) =>
    rowOf(members.get(index) ?? [], {
      index,
      point: Object.fromEntries(Object.entries(point).filter(([name]) => columns.includes(name))),
      missing: gone.get(index)?.length ?? 0,
      wanted,
    }),
  );
  const { rank, goal, take } = wanted;
  return {
    sweep: source.sweep,
    metric: rank,
    goal,
    take,
    columns,
    constant,
    rows: ranked(rows, rank, goal),
    missing: [...missing],
  };
}

function byIndex<T extends { index: number }>(all: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const one of all) {
    const group = groups.get(one.index);
    if (group === undefined) groups.set(one.index, [one]);
    else group.push(one);
  }
  return groups;
}

interface RowOptions extends Pick<ResultRow, 'index' | 'point' | 'missing'> {
  wanted: ResultsWanted;
}

function rowOf(members: readonly Member[], { index, point, missing, wanted }: RowOptions): ResultRow {
  const counts: ResultRow['counts'] = {};
  for (const { status } of members) counts[status] = (counts[status] ?? 0) + 1;
  const sound = members.filter(({ status }) => status === 'Succeeded' || !isTerminal(status));
  const of = (name: string) => sound.map(({ metrics }) => metrics[name]?.[wanted.take]);
  return {
    index,
    point,
    experiments: members.map(({ experiment_id: id }) => id),
    counts,
    missing,
    metrics: Object.fromEntries(wanted.metrics.map((name) => [name, spreadOf(of(name))])),
    duration_s: spreadOf(
      members.filter(({ status }) => isTerminal(status)).map(({ duration_s: duration }) => duration),
    ),
  };
}

/** Null when none of the values is a number; NaN and infinities, which are words, are none. */
export function spreadOf(values: readonly unknown[]): Spread | null {
  const numbers = values.filter((value) => typeof value === 'number');
  const n = numbers.length;
  if (n === 0) return null;
  const mean = numbers.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) return { mean, spread: null, n };
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, spread: Math.sqrt(squares / (n - 1)), n };
}

function ranked(rows: readonly ResultRow[], metric: string | null, goal: 'min' | 'max'): ResultRow[] {
  if (metric === null) return [...rows].sort((a, b) => a.index - b.index);
  const worst = goal === 'max' ? -Infinity : Infinity;
  const key = (row: ResultRow) => row.metrics[metric]?.mean ?? worst;
  return [...rows].sort((a, b) => {
    const order = goal === 'max' ? key(b) - key(a) : key(a) - key(b);
    return Number.isNaN(order) || order === 0 ? a.index - b.index : order;
  });
}

/**
 * Seconds until all have ended, at the pace of those that have: null before one has, and when nothing is left. `now` and
 * times are ISO 8601.
 */
export function secondsLeft(
  members: readonly { status: Status; started_at: string | null; ended_at: string | null }[],
  now: string,
): number | null {
  const ended = members.filter(({ status, started_at: start }) => isTerminal(status) && start !== null);
  const left = members.filter(({ status }) => !isTerminal(status)).length;
  const starts = members.flatMap(({ started_at: start }) => (start === null ? [] : [Date.parse(start)]));
  if (ended.length === 0 || left === 0) return null;
  const elapsed = (Date.parse(now) - Math.min(...starts)) / 1000;
  return Math.max(0, (elapsed * left) / ended.length);
}
