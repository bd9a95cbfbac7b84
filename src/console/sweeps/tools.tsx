import { METRIC_PARTS, type ShownSweep } from './view.ts';

interface SweepToolsProps {
  view: ShownSweep;
  metrics: readonly string[];
  columns: readonly string[];
  /** Null takes a parameter out of the address. */
  onChange(changes: Readonly<Record<string, string | null>>): void;
}

const PARTS = { last: 'Last value', min: 'Smallest value', max: 'Largest value' } as const;

/** What is ranked by, and what is drawn. */
export function SweepTools({ view, metrics, columns, onChange }: SweepToolsProps) {
  if (view.metric === null) return null;
  return (
    <div class="tools">
      <Choice
        name="Metric"
        value={view.metric}
        values={metrics.map((metric) => [metric, metric])}
        onChoose={(metric) => onChange({ metric, goal: null })}
      />
      <Choice
        name="Goal"
        value={view.goal}
        values={[
          ['min', 'Smallest is best'],
          ['max', 'Largest is best'],
        ]}
        onChoose={(goal) => onChange({ goal })}
      />
      <Choice
        name="Which value"
        value={view.take}
        values={METRIC_PARTS.map((part) => [part, PARTS[part]])}
        onChoose={(take) => onChange({ take })}
      />
      {columns.length > 1 && (
        <Choice
          name="Chart"
          value={view.chart}
          values={[
            ['lines', 'Lines across all names'],
            ['scatter', 'Dots over one name'],
          ]}
          onChoose={(chart) => onChange({ chart })}
        />
      )}
      {columns.length > 1 && view.chart === 'scatter' && view.over !== null && (
        <Choice
          name="Over"
          value={view.over}
          values={columns.map((name) => [name, name])}
          onChoose={(over) => onChange({ over })}
        />
      )}
    </div>
  );
}

interface ChoiceProps {
  name: string;
  value: string;
  /** Each with what it is called. */
  values: readonly (readonly [string, string])[];
  onChoose(value: string): void;
}

function Choice({ name, value, values, onChoose }: ChoiceProps) {
  return (
    <select aria-label={name} value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
      {values.map(([each, text]) => (
        <option key={each} value={each}>
          {text}
        </option>
      ))}
    </select>
  );
}
