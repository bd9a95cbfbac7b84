import Table from 'cli-table3';
import { columnsOfText } from '../../base/text/columns.ts';
import type { Screen } from '../runtime/screen.ts';

export interface Column {
  title: string;
  /** Columns of the terminal; exactly one column takes what is left: `rest`. */
  width: number | 'rest';
  align?: 'left' | 'right';
  /** The least that `rest` should get before others are left out. */
  least?: number;
  /** Left out where the screen is too narrow, the largest number first. */
  drop?: number;
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
/** Rows that are drawn in one go: the library's time grows with their square. */
const TOGETHER = 200;

/**
 * A table without lines that fits the screen: what is too long ends in `…`, that of the column `rest` after it has taken what
 * the other columns do not use. Cells may hold colours.
 */
export function table(
  all: readonly Column[],
  rows: readonly (readonly string[])[],
  { width, colors }: Screen,
): string {
  const fitted = fitting(all, width);
  const shown = all.map((column) => fitted.includes(column));
  const cells = rows.map((row) => row.filter((_cell, index) => shown[index]));
  const columns = withRoomForRest(fitted, cells, width);
  const rest = restWidth(columns, width);
  const draw = (some: string[][]) => {
    const drawn = new Table({
      chars: BARE,
      colWidths: columns.map((column) => (column.width === 'rest' ? rest : column.width + GAP)),
      colAligns: columns.map((column) => column.align ?? 'left'),
      style: { 'padding-left': 0, 'padding-right': GAP, head: [], border: [], compact: true },
      truncate: '…',
    });
    drawn.push(...some);
    return drawn.toString().split('\n');
  };
  const lines = draw([columns.map((column) => colors.dim(column.title))]);
  for (let from = 0; from < cells.length; from += TOGETHER)
    for (const line of draw(cells.slice(from, from + TOGETHER))) lines.push(line);
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** The columns for which there is room. */
function fitting(columns: readonly Column[], width: number): readonly Column[] {
  const least = columns.find((column) => column.width === 'rest')?.least ?? NARROWEST_REST;
  if (fixedWidth(columns) + least <= width) return columns;
  const numbers = columns.map((column) => column.drop ?? 0);
  const next = Math.max(...numbers);
  return next === 0 ? columns : fitting(columns.toSpliced(numbers.indexOf(next), 1), width);
}

/** The columns as they are while `rest` has room for its longest cell; else each other one only as wide as it needs to be. */
function withRoomForRest(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly Column[] {
  const used = columns.map(({ title }, index) =>
    rows.reduce((widest, row) => Math.max(widest, columnsOfText(row[index] ?? '')), title.length),
  );
  const longest = used[columns.findIndex((column) => column.width === 'rest')] ?? 0;
  if (longest + GAP <= restWidth(columns, width)) return columns;
  return columns.map((column, index) =>
    column.width === 'rest' ? column : { ...column, width: Math.min(column.width, used[index] ?? 0) },
  );
}

function restWidth(columns: readonly Column[], width: number): number {
  return Math.max(NARROWEST_REST, width - fixedWidth(columns));
}

function fixedWidth(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + (column.width === 'rest' ? 0 : column.width + GAP), 0);
}
