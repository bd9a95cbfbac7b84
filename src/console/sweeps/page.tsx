import { useComputed } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { SweepDocument } from '../../api/sweep-contract.ts';
import { counted } from '../../base/text/plural.ts';
import { isTerminal, STATUSES } from '../../experiment/status.ts';
import { shortName, varyingNames } from '../../sweep/point.ts';
import { resultsOf, secondsLeft, type Results } from '../../sweep/results.ts';
import { now } from '../base/clock.ts';
import { go, path, search } from '../base/route.ts';
import { may } from '../base/session.ts';
import { localTime, shortDuration, shortNumber } from '../base/text.ts';
import { Missing } from '../parts/missing.tsx';
import { StatusMark } from '../parts/status.tsx';
import { ParallelLines, Scatter } from './chart.tsx';
import { SweepActions } from './actions.tsx';
import { bestRow, dotsOf } from './dots.ts';
import { useSweep } from './loaded.ts';
import { SweepTable } from './table.tsx';
import { SweepTools } from './tools.tsx';
import { measuredNames, sweepView, withView, type ShownSweep } from './view.ts';

/** What came of each point of a sweep, while it runs and afterwards. */
export function SweepPage({ name }: { name: string }) {
  const { sweep, failure, reload } = useSweep(name);
  useEffect(() => {
    document.title = `${name} – aichor`;
  }, [name]);
  const shown = useComputed(() => {
    if (sweep.value === null) return null;
    const { experiments, missing_points: missing, metric_names: metrics } = sweep.value;
    const varying = varyingNames([...experiments, ...missing].map(({ point }) => point));
    const view = sweepView(search.value, metrics, varying);
    const { metric: rank, goal, take } = view;
    return { view, results: resultsOf(sweep.value, { metrics, rank, goal, take }) };
  }).value;
  if (sweep.value === null || shown === null)
    return <Missing failure={failure.value} back={{ to: '/sweeps', name: 'All sweeps' }} />;
  return (
    <>
      <Head sweep={sweep.value} {...shown} />
      {may('member') && <SweepActions sweep={sweep.value} onDone={reload} />}
      <Results sweep={sweep.value} {...shown} />
    </>
  );
}

interface Shown {
  sweep: SweepDocument;
  view: ShownSweep;
  results: Results;
}

function Head({ sweep, view, results }: Shown) {
  const { sweep: name, points, repeat, counts, missing, project } = sweep;
  const ended = Object.entries(counts).reduce(
    (sum, [status, count]) => sum + (isTerminal(status as keyof typeof counts) ? count : 0),
    0,
  );
  const all = points * repeat;
  return (
    <div class="head">
      <p class="crumbs">
        <a href="/sweeps">Sweeps</a> <span class="muted">/ {project}</span>
      </p>
      <h1>{name}</h1>
      <p class="row counts">
        {STATUSES.filter((status) => counts[status]).map((status) => (
          <a key={status} href={`/experiments?sweep=${encodeURIComponent(name)}&status=${status}`}>
            <StatusMark status={status} /> <b>{counts[status]}</b>
          </a>
        ))}
        <a href={`/experiments?sweep=${encodeURIComponent(name)}`}>All in the list</a>
      </p>
      <p class="progress">
        <progress max={all} value={ended} aria-label="Experiments that have ended" /> {ended} of {all} ended
        <Left sweep={sweep} />
      </p>
      <Best view={view} results={results} />
      {missing > 0 && (
        <p class="missing">
          {counted(missing, 'experiment')} of its points {missing === 1 ? 'is' : 'are'} missing.
        </p>
      )}
      <p class="muted">
        {counted(points, 'point')}
        {repeat > 1 && `, ${repeat} times each`}, submitted {localTime(sweep.created_at)}
        {sweep.max_parallel !== null && `, at most ${sweep.max_parallel} at the same time`}
      </p>
    </div>
  );
}

function Left({ sweep: { experiments } }: { sweep: SweepDocument }) {
  if (experiments.every(({ status }) => isTerminal(status))) return null;
  const seconds = secondsLeft(experiments, new Date(now.value).toISOString());
  return <>{seconds !== null && `, about ${shortDuration(seconds)} left`}</>;
}

function Best({ view: { metric, goal }, results: { rows, columns } }: Omit<Shown, 'sweep'>) {
  const best = metric === null ? undefined : bestRow(rows, metric);
  if (metric === null || best === undefined) return null;
  const { mean, spread } = best.metrics[metric] ?? { mean: null, spread: null };
  return (
    <p class="explanation">
      {goal === 'max' ? 'Largest' : 'Smallest'} {metric}: {shortNumber(mean)}
      {spread !== null && ` ± ${shortNumber(Number(spread.toPrecision(2)))}`}
      {columns.length > 0 && ' with '}
      {columns.map((name) => `${shortName(name)}=${best.point[name] ?? '–'}`).join(' ')}
    </p>
  );
}

function Results({ sweep, view, results }: Shown) {
  const change = (changes: Readonly<Record<string, string | null>>) =>
    go(`${path.value}${withView(search.value, changes)}`, { replace: true });
  const { constant } = results;
  return (
    <div class="parts">
      <SweepTools view={view} metrics={sweep.metric_names} columns={results.columns} onChange={change} />
      <Charts sweep={sweep} view={view} results={results} />
      <section aria-labelledby="points">
        <h2 id="points">{counted(results.rows.length, 'point')}</h2>
        {Object.keys(constant).length > 0 && (
          <p class="muted">
            The same at every point:{' '}
            <code>
              {Object.entries(constant)
                .map(([name, value]) => `${name}=${value}`)
                .join(' ')}
            </code>
          </p>
        )}
        <SweepTable
          sweep={sweep}
          results={results}
          metrics={measuredNames(sweep.metric_names, view.metric)}
          onMetric={(metric) => change({ metric, goal: null })}
        />
      </section>
    </div>
  );
}

function Charts({ sweep, view, results }: Shown) {
  const { metric, take, over, chart } = view;
  if (metric === null)
    return (
      <p class="empty">
        No metric yet. Event files of TensorBoard, <code>metrics.jsonl</code> among the outputs and lines of
        JSON with the key <code>metric</code> are found by themselves.
      </p>
    );
  if (over === null) return null;
  const { dots, without, left } = dotsOf(sweep, results, { metric, take });
  if (dots.length === 0) return <p class="empty">No experiment has a number of {metric} yet.</p>;
  const Drawn = chart === 'lines' ? ParallelLines : Scatter;
  return (
    <figure class="sweep-figure" aria-label={`${metric} of each experiment`}>
      <Drawn dots={dots} metric={metric} columns={results.columns} over={over} />
      <figcaption class="muted">
        {chart === 'lines' ? 'A line' : 'A dot'} is an experiment: click it to open it.
        {without > 0 && ` ${counted(without, 'experiment')} without a number, or not succeeded, not drawn.`}
        {left > 0 && ` The best ${dots.length} are drawn.`}
      </figcaption>
    </figure>
  );
}
