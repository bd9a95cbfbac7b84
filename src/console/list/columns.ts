import type { ExperimentSummary } from '../../experiment/record.ts';
import { shortNumber } from '../base/text.ts';

/** A column that somebody chose: `metric.NAME`, `env.NAME` or `label.NAME`. */
export type ListColumn = `${Kind}.${string}`;
const KINDS = ['metric', 'env', 'label'] as const;
type Kind = (typeof KINDS)[number];

export function columnsOf(search: URLSearchParams): ListColumn[] {
  return search.getAll('column').filter(isColumn);
}

/** Every column that these experiments have something for. */
export function possibleColumns(experiments: readonly ExperimentSummary[]): ListColumn[] {
  const found = new Set<ListColumn>();
  for (const { metrics, env, labels } of experiments) {
    for (const name of Object.keys(metrics)) found.add(`metric.${name}`);
    for (const name of Object.keys(env)) found.add(`env.${name}`);
    for (const name of Object.keys(labels)) found.add(`label.${name}`);
  }
  return [...found].toSorted();
}

/** Empty: the experiment has nothing of that name. */
export function cellOf({ metrics, env, labels }: ExperimentSummary, column: ListColumn): string {
  const name = columnName(column);
  if (column.startsWith('metric.')) return name in metrics ? shortNumber(metrics[name]?.last) : '';
  return (column.startsWith('env.') ? env[name] : labels[name]) ?? '';
}

export function columnName(column: ListColumn): string {
  return column.slice(column.indexOf('.') + 1);
}

function isColumn(text: string): text is ListColumn {
  return KINDS.some((kind) => text.startsWith(`${kind}.`) && text.length > kind.length + 1);
}
