import { usualGoal, type MetricPart } from '../../sweep/results.ts';

/** How a sweep is shown; all of it stands in the address. */
export interface ShownSweep {
  /** What points are ranked by; null: there is none yet. */
  metric: string | null;
  goal: 'min' | 'max';
  take: MetricPart;
  chart: 'lines' | 'scatter';
  /** What the scatter is over, one of the names that vary; null: there is none. */
  over: string | null;
}

export const METRIC_PARTS = ['last', 'min', 'max'] as const satisfies readonly MetricPart[];

/** @param names of metrics that there are @param varying names that differ between points */
export function sweepView(
  asked: URLSearchParams,
  names: readonly string[],
  varying: readonly string[],
): ShownSweep {
  const metric = names.find((name) => name === asked.get('metric')) ?? usualMetric(names);
  const over = varying.find((name) => name === asked.get('over')) ?? varying[0] ?? null;
  const goal = (['min', 'max'] as const).find((each) => each === asked.get('goal'));
  const chart = (['lines', 'scatter'] as const).find((each) => each === asked.get('chart'));
  return {
    metric,
    goal: goal ?? usualGoal(metric ?? ''),
    take: METRIC_PARTS.find((part) => part === asked.get('take')) ?? 'last',
    // With one name the lines would be a scatter that lies on its side.
    chart: chart ?? (varying.length > 1 ? 'lines' : 'scatter'),
    over,
  };
}

/** The same address with some of it changed. */
export function withView(asked: URLSearchParams, change: Readonly<Record<string, string | null>>): string {
  const next = new URLSearchParams(asked);
  for (const [name, value] of Object.entries(change)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  return next.size === 0 ? '' : `?${next}`;
}

const COUNTERS = /^(?:global_?)?(?:step|epoch|total_steps|iteration)s?$/i;

/** Those that are no counters of steps, and the one that is chosen. */
export function measuredNames(names: readonly string[], chosen: string | null): string[] {
  return names.filter((name) => name === chosen || !COUNTERS.test(name));
}

/** What is measured on other data than is trained on, else what looks like a score, else any that is no counter. */
function usualMetric(names: readonly string[]): string | null {
  const measured = measuredNames(names, null);
  return (
    measured.find((name) => /^(?:val|valid|validation|eval|test)(?:[_/.-]|$)/i.test(name)) ??
    measured.find((name) => /acc|score|reward|loss|auc|f1/i.test(name)) ??
    measured[0] ??
    names[0] ??
    null
  );
}
