import type { SweepDocument } from '../../api/sweep-contract.ts';
import { isTerminal } from '../../experiment/status.ts';
import { pointText, type Point } from '../../sweep/point.ts';
import type { MetricPart, Results } from '../../sweep/results.ts';
import { shortNumber } from '../base/text.ts';

/** One experiment of a sweep as it stands in a chart. */
export interface SweepDot {
  id: string;
  point: Point;
  value: number;
  isBest: boolean;
  title: string;
}

export interface SweepDots {
  /** The best of its point last: it is drawn above the others. */
  dots: SweepDot[];
  /** Experiments that are in no chart: they failed, were cancelled, or have no number yet. */
  without: number;
  /** Experiments that have a number, but are too many to be drawn: the worst ones. */
  left: number;
}

/** As many as a browser draws without stuttering. */
export const MOST_DOTS = 2000;

/**
 * Of each experiment that counts, as its results do: it succeeded or still runs, and has a number.
 *
 * @param results ranked by `metric`
 */
export function dotsOf(
  { experiments }: Pick<SweepDocument, 'experiments'>,
  results: Pick<Results, 'rows' | 'columns' | 'goal'>,
  { metric, take }: { metric: string; take: MetricPart },
): SweepDots {
  const best = bestRow(results.rows, metric)?.index;
  const all = experiments.flatMap(({ experiment_id: id, point, index, repeat, status, metrics }) => {
    const value = metrics[metric]?.[take];
    if (typeof value !== 'number' || (status !== 'Succeeded' && isTerminal(status))) return [];
    const title = `#${index}.${repeat} ${pointText(point, results.columns)}: ${metric} ${shortNumber(value)}`;
    return [{ id, point, value, isBest: index === best, title }];
  });
  const sign = results.goal === 'max' ? 1 : -1;
  const dots = all
    .toSorted((a, b) => Number(a.isBest) - Number(b.isBest) || sign * (a.value - b.value))
    .slice(-MOST_DOTS);
  return { dots, without: experiments.length - all.length, left: all.length - dots.length };
}

/** The first that has a number: rows are ranked. */
export function bestRow(rows: Results['rows'], metric: string): Results['rows'][number] | undefined {
  const first = rows[0];
  return first?.metrics[metric] == null ? undefined : first;
}
