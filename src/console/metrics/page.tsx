import { useSignal, useSignalEffect, type Signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { ExperimentMetrics, UsageHistory } from '../../api/contract.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';
import { get } from '../base/api.ts';
import { go, path, search } from '../base/route.ts';
import { shortId } from '../base/text.ts';
import { Chart } from './chart.tsx';
import { lineOf, USAGE_KINDS, usageLines, type ChartAxis, type ChartLine, type UsageKind } from './series.ts';

/** How a chart is drawn; it stands in the address. */
interface View {
  axis: ChartAxis;
  isLog: boolean;
  smooth: number;
  /** Other experiments beside this one. */
  others: string[];
}

const SMOOTHS = [0, 0.6, 0.9, 0.99] as const;
const USAGE_NAMES: Readonly<Record<UsageKind, string>> = {
  cpus: 'CPUs that are busy',
  memory_bytes: 'Memory',
  gpu: 'How busy GPUs are (0 to 1)',
  gpu_memory_bytes: 'Memory of GPUs',
};

/** Metrics over steps or time, those of other experiments with them; and what pods took. */
export function MetricsPage({ record }: { record: ExperimentRecord }) {
  const { experiment_id: id } = record;
  const view = viewOf(search.value);
  const loaded = useSignal<ExperimentMetrics[] | Error | null>(null);
  const usage = useSignal<UsageHistory | null>(null);
  // What was written since: its last values change with each.
  const written = useMemo(() => JSON.stringify(record.metrics), [record.metrics]);
  return (
    <div class="parts">
      <Loader
        key={`${id} ${view.others.join(' ')} ${written}`}
        ids={[id, ...view.others]}
        loaded={loaded}
        usage={usage}
      />
      <Tools view={view} />
      <Metrics loaded={loaded.value} view={view} />
      <Used usage={usage.value} />
    </div>
  );
}

interface LoaderProps {
  ids: readonly string[];
  loaded: Signal<ExperimentMetrics[] | Error | null>;
  usage: Signal<UsageHistory | null>;
}

/** Reads anew whenever it is another one; what comes too late, when another one asks, is not taken. */
function Loader({ ids, loaded, usage }: LoaderProps) {
  useSignalEffect(() => {
    let isAsked = true;
    const take = <T,>(into: Signal<T>, value: T) => {
      if (isAsked) into.value = value;
    };
    Promise.all(
      ids.map((id) => get<ExperimentMetrics>(`/experiments/${encodeURIComponent(id)}/metrics`)),
    ).then(
      (found) => take(loaded, found),
      (error: unknown) => take(loaded, error instanceof Error ? error : new Error(String(error))),
    );
    get<UsageHistory>(`/experiments/${ids[0]}/usage/history`).then(
      (found) => take(usage, found),
      () => take(usage, null),
    );
    return () => void (isAsked = false);
  });
  return null;
}

function viewOf(asked: URLSearchParams): View {
  const smooth = Number(asked.get('smooth'));
  return {
    axis: asked.get('x') === 'time' ? 'time' : 'step',
    isLog: asked.get('y') === 'log',
    smooth: SMOOTHS.find((each) => each === smooth) ?? 0,
    others: asked.getAll('with').slice(0, 7),
  };
}

function show({ axis, isLog, smooth, others }: View): void {
  const query = new URLSearchParams();
  if (axis === 'time') query.set('x', 'time');
  if (isLog) query.set('y', 'log');
  if (smooth > 0) query.set('smooth', String(smooth));
  for (const other of others) query.append('with', other);
  go(`${path.value}${query.size > 0 ? `?${query}` : ''}`, { replace: true });
}

function Tools({ view }: { view: View }) {
  const other = useSignal('');
  return (
    <div class="tools">
      <select
        aria-label="Over"
        value={view.axis}
        onChange={({ currentTarget: { value } }) =>
          show({ ...view, axis: value === 'time' ? 'time' : 'step' })
        }
      >
        <option value="step">Over steps</option>
        <option value="time">Over time</option>
      </select>
      <select
        aria-label="Mean"
        value={String(view.smooth)}
        onChange={({ currentTarget: { value } }) => show({ ...view, smooth: Number(value) })}
      >
        {SMOOTHS.map((weight) => (
          <option key={weight} value={String(weight)}>
            {weight === 0 ? 'As it is' : `Moving mean, weight ${weight}`}
          </option>
        ))}
      </select>
      <label class="check">
        <input
          type="checkbox"
          checked={view.isLog}
          onChange={({ currentTarget: { checked } }) => show({ ...view, isLog: checked })}
        />
        Logarithmic
      </label>
      <form
        class="with"
        onSubmit={(event) => {
          event.preventDefault();
          if (other.value.trim() !== '') show({ ...view, others: [...view.others, other.value.trim()] });
          other.value = '';
        }}
      >
        <input
          aria-label="Another experiment beside it"
          placeholder="With another: its id"
          value={other.value}
          onInput={({ currentTarget: { value } }) => (other.value = value)}
        />
      </form>
      {view.others.map((id) => (
        <button
          key={id}
          type="button"
          aria-label={`Without ${shortId(id)}`}
          onClick={() => show({ ...view, others: view.others.filter((each) => each !== id) })}
        >
          {shortId(id)} ✕
        </button>
      ))}
    </div>
  );
}

function Metrics({ loaded, view }: { loaded: ExperimentMetrics[] | Error | null; view: View }) {
  const charts = useMemo(
    () => (loaded === null || loaded instanceof Error ? [] : chartsOf(loaded, view.axis)),
    [loaded, view.axis],
  );
  if (loaded === null) return <p class="muted">Loading…</p>;
  if (loaded instanceof Error) return <p role="alert">{loaded.message}</p>;
  if (charts.length === 0)
    return (
      <p class="empty">
        No metrics. Event files of TensorBoard, <code>metrics.jsonl</code> among the outputs and lines of JSON
        with the key <code>metric</code> are found by themselves.
      </p>
    );
  return (
    <section class="charts" aria-label="Metrics">
      {charts.map(({ name, lines }) => (
        <Chart key={name} title={name} lines={lines} {...view} />
      ))}
    </section>
  );
}

function chartsOf(
  loaded: readonly ExperimentMetrics[],
  axis: ChartAxis,
): { name: string; lines: ChartLine[] }[] {
  const names = [...new Set(loaded.flatMap(({ metrics }) => metrics.map(({ name }) => name)))];
  return names.map((name) => {
    const lines = loaded.flatMap(({ experiment_id: id, metrics }) => {
      const found = metrics.find((metric) => metric.name === name);
      return found === undefined
        ? []
        : [lineOf(loaded.length === 1 ? name : shortId(id), found.series, axis)];
    });
    return { name, lines };
  });
}

function Used({ usage }: { usage: UsageHistory | null }) {
  const kinds = useMemo(
    () =>
      USAGE_KINDS.map((kind) => ({ kind, lines: usage === null ? [] : usageLines(usage, kind).slice(0, 8) })),
    [usage],
  );
  const known = kinds.filter(({ lines }) => lines.length > 0);
  if (known.length === 0) return null;
  return (
    <section aria-labelledby="usage">
      <h2 id="usage">What pods took</h2>
      <div class="charts">
        {known.map(({ kind, lines }) => (
          <Chart
            key={kind}
            title={USAGE_NAMES[kind]}
            lines={lines}
            axis="time"
            isLog={false}
            smooth={0}
            isBytes={kind.endsWith('bytes')}
          />
        ))}
      </div>
    </section>
  );
}
