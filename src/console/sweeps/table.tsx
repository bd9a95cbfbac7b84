import { useSignal } from '@preact/signals';
import { STATUSES, type Status } from '../../experiment/status.ts';
import type { SweepDocument } from '../../api/sweep-contract.ts';
import type { Results, ResultRow, Spread } from '../../sweep/results.ts';
import { counted } from '../../base/text/plural.ts';
import { shortName } from '../../sweep/point.ts';
import { shortDuration, shortNumber } from '../base/text.ts';
import { StatusMark } from '../parts/status.tsx';
import { bestRow } from './dots.ts';

/** Rows that are drawn at once; the others are a click away. */
const SHOWN = 200;

interface SweepTableProps {
  sweep: SweepDocument;
  results: Results;
  metrics: readonly string[];
  onMetric(name: string): void;
}

/** One row a point, the best first: only what differs between points has a column. */
export function SweepTable({ sweep, results, metrics, onMetric }: SweepTableProps) {
  const { rows, columns, metric } = results;
  const isAll = useSignal(false);
  const shown = isAll.value ? rows : rows.slice(0, SHOWN);
  const best = metric === null ? undefined : bestRow(rows, metric);
  const members = new Map(sweep.experiments.map((each) => [each.experiment_id, each]));
  return (
    <>
      <div class="scroller">
        <table class="sweep-table">
          <thead>
            <tr>
              <th class="number">Point</th>
              {columns.map((name) => (
                <th key={name} title={name}>
                  {shortName(name)}
                </th>
              ))}
              {metrics.map((name) => (
                <th
                  key={name}
                  class="number"
                  aria-sort={
                    name === metric ? (results.goal === 'max' ? 'descending' : 'ascending') : undefined
                  }
                >
                  <button type="button" class="quiet" onClick={() => onMetric(name)}>
                    {name}
                    {name === metric && (results.goal === 'max' ? ' ↓' : ' ↑')}
                  </button>
                </th>
              ))}
              <th class="number">Duration</th>
              <th>Experiments</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={row.index} class={row === best ? 'best' : undefined}>
                <td class="number">
                  {row === best && <b class="mark-best">Best </b>}
                  {row.index}
                </td>
                {columns.map((name) => (
                  <td key={name}>
                    <code>{row.point[name] ?? '–'}</code>
                  </td>
                ))}
                {metrics.map((name) => (
                  <td key={name} class="number">
                    {spreadText(row.metrics[name] ?? null, sweep.repeat)}
                  </td>
                ))}
                <td class="number">{shortDuration(row.duration_s?.mean ?? null)}</td>
                <td>
                  <Experiments row={row} statusOf={(id) => members.get(id)?.status} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < rows.length && (
        <button type="button" onClick={() => (isAll.value = true)}>
          Show all {rows.length}
        </button>
      )}
    </>
  );
}

/** `0.91 ± 0.02`; with fewer numbers than repeats also of how many it is. */
function spreadText(spread: Spread | null, repeats: number): string {
  if (spread === null) return '–';
  const deviation = spread.spread === null ? '' : ` ± ${shortNumber(Number(spread.spread.toPrecision(2)))}`;
  return `${shortNumber(spread.mean)}${deviation}${spread.n < repeats ? ` (of ${spread.n})` : ''}`;
}

/** More links than these in one cell help nobody. */
const MOST_LINKS = 12;

/** One alone is named by its status, repeats by how many there are of each. */
function Experiments({ row, statusOf }: { row: ResultRow; statusOf(id: string): Status | undefined }) {
  const { experiments, missing, counts } = row;
  return (
    <span class="row of-point">
      {experiments.slice(0, MOST_LINKS).map((id) => {
        const status = statusOf(id) ?? 'Waiting';
        return (
          <a key={id} href={`/experiments/${id}`} title={`${status}: ${id}`}>
            <StatusMark status={status} isShort={experiments.length > 1} />
          </a>
        );
      })}
      {experiments.length > 1 && (
        <span class="muted">
          {STATUSES.filter((status) => counts[status])
            .map((status) => `${counts[status]} ${status.toLowerCase()}`)
            .join(', ')}
        </span>
      )}
      {missing > 0 && <span class="missing">{counted(missing, 'experiment')} missing</span>}
    </span>
  );
}
