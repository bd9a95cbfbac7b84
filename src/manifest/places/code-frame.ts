import { columnsOf } from '../../base/text/columns.ts';
import type { Diagnostic } from '../diagnostic.ts';

const TAB = '    ';
/** Wider lines are cut around the place. */
const WIDTH = 100;

/**
 * The line a diagnostic stands at, with a caret below it:
 *
 *     12 |       cpu: 4
 *        |       ^^^
 *
 * Empty for a place that the source does not have. Tabs become four blanks, control characters dots.
 */
export function codeFrame(
  source: string,
  place: Pick<Diagnostic, 'line' | 'column' | 'end_line' | 'end_column'>,
): string {
  const lines = source.replace(/^\uFEFF/, '').split('\n');
  const line = lines[place.line - 1]?.replace(/\r$/, '');
  if (line === undefined) return '';
  const from = Math.min(Math.max(0, place.column - 1), line.length);
  const to =
    place.end_line === place.line ? Math.min(Math.max(from, place.end_column - 1), line.length) : line.length;
  const cells = shown(line);
  const before = widthOf(cells.slice(0, indexAt(cells, from)));
  const carets = Math.max(1, widthOf(cells.slice(indexAt(cells, from), indexAt(cells, to))));
  const { text, lead } = cut(cells, before);
  const gutter = String(place.line);
  const under = '^'.repeat(Math.max(1, Math.min(carets, WIDTH - lead)));
  return `${gutter} | ${text}\n${' '.repeat(gutter.length)} | ${' '.repeat(lead)}${under}`;
}

interface Cell {
  text: string;
  width: number;
  /** Where in the line it starts. */
  offset: number;
}

function shown(line: string): Cell[] {
  const cells: Cell[] = [];
  let offset = 0;
  for (const character of line) {
    const text = character === '\t' ? TAB : /[\u0000-\u001f\u007f-\u009f]/.test(character) ? '·' : character;
    const width = character === '\t' ? TAB.length : columnsOf(character);
    cells.push({ text, width, offset });
    offset += character.length;
  }
  return cells;
}

function indexAt(cells: readonly Cell[], offset: number): number {
  const index = cells.findIndex((cell) => cell.offset >= offset);
  return index < 0 ? cells.length : index;
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((total, cell) => total + cell.width, 0);
}

/** The part of the line around the place, and how far from its start the place is. */
function cut(cells: readonly Cell[], before: number): { text: string; lead: number } {
  const skip = before > WIDTH - 20 ? before - 40 : 0;
  let passed = 0;
  let width = 0;
  let text = '';
  for (const cell of cells) {
    if (passed >= skip && width + cell.width <= WIDTH) {
      text += cell.text;
      width += cell.width;
    }
    passed += cell.width;
  }
  const start = skip > 0 ? '…' : '';
  return { text: `${start}${text}${passed - skip > WIDTH ? '…' : ''}`, lead: before - skip + start.length };
}
