import type { ExperimentMetrics, UsageHistory } from '../../api/contract.ts';

/** One line of a chart: points in the order of x. A y that is null is a gap. */
export interface ChartLine {
  label: string;
  xs: number[];
  ys: (number | null)[];
}

export type ChartAxis = 'step' | 'time';
type Points = ExperimentMetrics['metrics'][number]['series'];

/**
 * A series as a line. Where a step was written more than once (pods were started again), the last counts. By time: seconds since the
 * first point that has one.
 */
export function lineOf(label: string, points: Points, axis: ChartAxis): ChartLine {
  const start = points.find(([, time]) => time !== null)?.[1] ?? 0;
  const byX = new Map<number, number | null>();
  for (const [step, time, value] of points) {
    const x = axis === 'step' ? step : time === null ? null : time - start;
    if (x !== null) byX.set(x, typeof value === 'number' ? value : null);
  }
  const sorted = [...byX].toSorted(([a], [b]) => a - b);
  return { label, xs: sorted.map(([x]) => x), ys: sorted.map(([, y]) => y) };
}

/**
 * The exponential moving mean, without the pull of its beginning: what TensorBoard calls smoothing.
 *
 * @param weight of what came before: from 0 (as it is) to below 1
 */
export function smoothed({ label, xs, ys }: ChartLine, weight: number): ChartLine {
  let mean = 0;
  let count = 0;
  const out = ys.map((y) => {
    if (y === null) return null;
    mean = mean * weight + (1 - weight) * y;
    count++;
    return mean / (1 - weight ** count);
  });
  return { label, xs, ys: out };
}

/** Lines over the x of all of them, as the chart takes them: `undefined` where a line has no point, which is passed over. */
export function joined(lines: readonly ChartLine[]): [number[], ...(number | null | undefined)[][]] {
  const all = [...new Set(lines.flatMap(({ xs }) => xs))].toSorted((a, b) => a - b);
  const places = new Map(all.map((x, index) => [x, index]));
  const columns = lines.map(({ xs, ys }) => {
    const column: (number | null | undefined)[] = Array.from({ length: all.length });
    for (const [index, x] of xs.entries()) column[places.get(x) ?? 0] = ys[index];
    return column;
  });
  return [all, ...columns];
}

/** What can be drawn of what pods took. */
export const USAGE_KINDS = ['cpus', 'memory_bytes', 'gpu', 'gpu_memory_bytes'] as const;
export type UsageKind = (typeof USAGE_KINDS)[number];

/** A line for each pod that something is known of: seconds since the first sample. */
export function usageLines({ samples }: UsageHistory, kind: UsageKind): ChartLine[] {
  const start = samples[0] === undefined ? 0 : Date.parse(samples[0].time);
  const lines = new Map<string, ChartLine>();
  for (const { time, pods } of samples) {
    for (const pod of pods) {
      const value = pod[kind];
      if (value === null) continue;
      const line = lines.get(pod.pod) ?? { label: pod.pod, xs: [], ys: [] };
      lines.set(pod.pod, line);
      line.xs.push((Date.parse(time) - start) / 1000);
      line.ys.push(value);
    }
  }
  return [...lines.values()];
}
