import { watchExperiments, type ExperimentWatch } from '../../client/streams/watch.ts';
import type { Metric } from '../../experiment/record.ts';

/** A metric that has a new value; the values between two looks are in the series. */
export type MetricChange = { name: string } & Metric;

/** The metrics of an experiment as they are, then each that changes, until it has ended; only these names, when there are any. */
export async function* metricChanges(
  watch: Omit<ExperimentWatch, 'query'> & { id: string; names: readonly string[] },
): AsyncGenerator<MetricChange> {
  const { id, names, ...rest } = watch;
  const told = new Map<string, string>();
  for await (const { metrics } of watchExperiments({ ...rest, query: { id: [id] } })) {
    for (const [name, metric] of Object.entries(metrics)) {
      const text = JSON.stringify(metric);
      if ((names.length > 0 && !names.includes(name)) || told.get(name) === text) continue;
      told.set(name, text);
      yield { name, ...metric };
    }
  }
}
