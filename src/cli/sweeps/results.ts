import type { SweepDocument } from '../../api/sweep-contract.ts';
import { didYouMean } from '../../base/text/did-you-mean.ts';
import type { Client } from '../../client/client.ts';
import { AichorError } from '../../errors.ts';
import { resultsOf, usualGoal, type Results, type MetricPart } from '../../sweep/results.ts';
import type { Talk } from '../runtime/talk.ts';

/** What `--metric`, `--goal`, `--take` and `--columns` say. */
export interface ResultFlags {
  metric: string | undefined;
  goal: 'min' | 'max' | undefined;
  take: MetricPart;
  columns?: string | undefined;
}

/** Columns that are no names of a point or a metric. */
export const FIXED_COLUMNS = ['index', 'n', 'status', 'time', 'ids'] as const;

/** A sweep and what came of it. */
export interface SweepResults {
  document: SweepDocument;
  results: Results;
}

/**
 * The results of a sweep, with the metrics that columns name, else the one that is ranked by, else all that there are.
 * Throws AichorError `not_found` for a sweep, `usage` for a metric or a column that there is not.
 */
export async function sweepResults(
  client: Client,
  name: string,
  { flags, talk }: { flags: ResultFlags; talk: Talk },
): Promise<SweepResults> {
  const { metric, take } = flags;
  const document = await client.sweep(
    name,
    metric === undefined || flags.columns !== undefined ? ['*'] : [metric],
  );
  if (metric !== undefined) assertMetric(document, metric, talk);
  const named = columnNames(flags.columns)?.filter((column) => document.metric_names.includes(column));
  const wanted = named ?? (metric === undefined ? document.metric_names : []);
  const metrics = [...new Set([...(metric === undefined ? [] : [metric]), ...wanted])];
  const goal = flags.goal ?? usualGoal(metric ?? '');
  if (metric !== undefined && flags.goal === undefined)
    talk.notice(
      `the ${goal === 'min' ? 'smallest' : 'largest'} ${metric} is taken for the best; --goal says it otherwise`,
    );
  const results = resultsOf(document, { metrics, rank: metric ?? null, goal, take });
  assertColumns(results, flags.columns, metrics);
  return { document, results };
}

/** `--columns` as names. */
export function columnNames(columns: string | undefined): string[] | undefined {
  return columns?.split(',').map((column) => column.trim());
}

function assertMetric({ sweep, metric_names: names }: SweepDocument, metric: string, talk: Talk): void {
  if (names.includes(metric)) return;
  if (names.length === 0) return talk.notice(`no experiment of ${sweep} has told a metric yet`);
  const near = didYouMean(metric, names);
  throw new AichorError('usage', `no experiment of ${sweep} has a metric ${JSON.stringify(metric)}`, {
    hint: near === null ? `there are: ${names.join(', ')}` : `did you mean ${near}?`,
  });
}

function assertColumns(results: Results, columns: string | undefined, metrics: readonly string[]): void {
  const known = [...FIXED_COLUMNS, ...results.columns, ...Object.keys(results.constant), ...metrics];
  const unknown = columnNames(columns)?.find((column) => !known.includes(column));
  if (unknown === undefined) return;
  const near = didYouMean(unknown, known);
  throw new AichorError('usage', `the results have no column ${JSON.stringify(unknown)}`, {
    hint: near === null ? `their columns: ${known.join(', ')}` : `did you mean ${near}?`,
  });
}
