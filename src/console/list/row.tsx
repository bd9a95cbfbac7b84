import type { Signal } from '@preact/signals';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { isTerminal } from '../../experiment/status.ts';
import { now } from '../base/clock.ts';
import { firstLine, shortDuration, shortId } from '../base/text.ts';
import { Ago } from '../parts/ago.tsx';
import { StatusMark } from '../parts/status.tsx';
import { cellOf, type ListColumn } from './columns.ts';

interface RowProps {
  row: Signal<ExperimentSummary>;
  columns: readonly ListColumn[];
  isSelected: boolean;
  isCurrent: boolean;
  onSelect(id: string, isRange: boolean): void;
}

export function Row({ row, columns, isSelected, isCurrent, onSelect }: RowProps) {
  const experiment = row.value;
  const { experiment_id: id, status, message, engine, operator, resources, source } = experiment;
  const name = firstLine(message) || shortId(id);
  return (
    <tr class={isCurrent ? 'current' : undefined} aria-selected={isSelected} data-id={id}>
      <td class="select">
        <input
          type="checkbox"
          checked={isSelected}
          aria-label={`Select ${name}`}
          onClick={(event) => onSelect(id, event.shiftKey)}
        />
      </td>
      <td class="state">
        <StatusMark status={status} />
      </td>
      <td class="what">
        <a href={`/experiments/${id}`}>{name}</a>
        <span class="muted id">{shortId(id)}</span>
        {source.branch !== null && <span class="muted branch">{source.branch}</span>}
        {experiment.explanation !== null && <span class="why">{experiment.explanation}</span>}
      </td>
      <td class="project">{experiment.project}</td>
      <td class="engine">
        {engine}
        {operator !== null && <span class="muted"> {operator}</span>}
      </td>
      <td class="number pods">
        {resources.pods}
        {resources.gpus > 0 && <span class="muted"> · {resources.gpus} GPU</span>}
      </td>
      {columns.map((column) => (
        <td key={column} class="number extra">
          {cellOf(experiment, column)}
        </td>
      ))}
      <td class="number time">
        <Duration experiment={experiment} />
      </td>
      <td class="number when">
        <Ago time={experiment.created_at} />
      </td>
      <td class="by">{experiment.submitted_by}</td>
    </tr>
  );
}

/** Counts on while it runs. */
function Duration({ experiment }: { experiment: ExperimentSummary }) {
  const { status, started_at: start, duration_s: seconds } = experiment;
  if (isTerminal(status) || start === null) return <>{shortDuration(seconds)}</>;
  return <>{shortDuration(Math.max(0, (now.value - Date.parse(start)) / 1000))}</>;
}
