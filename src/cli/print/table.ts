import Table from 'cli-table3';
import type { Screen } from '../screen.ts';

export interface Column {
  title: string;
  /** Columns of the terminal; exactly one column takes what is left: `rest`. */
  width: number | 'rest';
  align?: 'left' | 'right';
}

const BARE = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((part) => [part, '']),
);
const GAP = 2;
const NARROWEST_REST = 8;

/** A table without lines that fits the screen: what is too long ends in `…`. Cells may hold colours. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width, colors }: Screen,
): string {
  const fixed = columns.reduce((sum, column) => sum + (column.width === 'rest' ? 0 : column.width + GAP), 0);
  const rest = Math.max(NARROWEST_REST, width - fixed);
  const drawn = new Table({
    chars: BARE,
    colWidths: columns.map((column) => (column.width === 'rest' ? rest : column.width + GAP)),
    colAligns: columns.map((column) => column.align ?? 'left'),
    style: { 'padding-left': 0, 'padding-right': GAP, head: [], border: [], compact: true },
    truncate: '…',
  });
  drawn.push(
    columns.map((column) => colors.dim(column.title)),
    ...rows.map((row) => [...row]),
  );
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
