import { columnName, possibleColumns, type ListColumn } from './columns.ts';
import type { ListedExperiments } from './listed.ts';

interface ColumnsProps {
  listed: ListedExperiments;
  chosen: readonly ListColumn[];
  onChoose(columns: readonly ListColumn[]): void;
}

/** Columns of metrics, variables and labels, for those who want them. */
export function ColumnsChoice({ listed, chosen, onChoose }: ColumnsProps) {
  const shown = (listed.ids.value ?? []).flatMap((id) => listed.row(id)?.value ?? []);
  const possible = [...new Set([...chosen, ...possibleColumns(shown)])];
  if (possible.length === 0) return null;
  return (
    <details class="columns">
      <summary>Columns{chosen.length > 0 && ` (${chosen.length})`}</summary>
      <fieldset>
        <legend class="unseen">Columns that are shown</legend>
        {possible.map((column) => (
          <label key={column}>
            <input
              type="checkbox"
              checked={chosen.includes(column)}
              onChange={({ currentTarget: { checked } }) =>
                onChoose(checked ? [...chosen, column] : chosen.filter((each) => each !== column))
              }
            />
            {columnName(column)} <span class="muted">{column.split('.', 1)[0]}</span>
          </label>
        ))}
      </fieldset>
    </details>
  );
}
