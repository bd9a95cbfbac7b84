import { lastState, stretchesOf } from './ansi.ts';
import type { LogPages } from './pages.ts';

/** Rows of a log: as many as are seen, used again for other lines as it scrolls. */
export interface LogRows {
  rows: readonly Row[];
  /** Fills so many of them with the lines from one on; the others are hidden. */
  put(first: number, wanted: number): void;
}

export interface RowsOptions {
  /** What stays in place in the box that scrolls: rows are its children. */
  layer: HTMLElement;
  pages: LogPages;
  /** Sequence of the line that is chosen. */
  chosen(): number | null;
  /** Sequences of lines with what was searched for. */
  isFound(sequence: number): boolean;
  /** Whether rows say which pod they are of. */
  isOfMany(): boolean;
}

/** More of a line is shown when it is chosen. */
const MOST_SHOWN = 2000;

export function createRows(options: RowsOptions): LogRows {
  const { layer, pages } = options;
  const rows: Row[] = [];
  function put(first: number, wanted: number): void {
    while (rows.length < wanted) {
      const row = makeRow();
      rows.push(row);
      layer.append(row.element);
    }
    const isOfMany = options.isOfMany();
    for (const [index, row] of rows.entries()) {
      row.element.hidden = index >= wanted;
      if (index < wanted) fill(row, pages.line(first + index), isOfMany);
    }
  }
  function fill(row: Row, line: ReturnType<LogPages['line']>, isOfMany: boolean): void {
    const { element, number, source, text } = row;
    const isOpen = line?.partial === true;
    const key = line === null ? '' : `${line.sequence} ${isOfMany} ${isOpen ? line.text : ''}`;
    if (row.key !== key) {
      row.key = key;
      row.shown = line?.sequence ?? null;
      number.textContent = line === null || isOpen ? '' : String(line.sequence);
      number.href = line === null ? '' : `#L${line.sequence}`;
      source.textContent = line === null || !isOfMany ? '' : (line.pod ?? line.step);
      element.classList.toggle('is-error', line?.stream === 'stderr');
      write(text, line === null ? '…' : lastState(line.text));
    }
    element.classList.toggle('chosen', line !== null && line.sequence === options.chosen() && !isOpen);
    element.classList.toggle('found', line !== null && options.isFound(line.sequence));
  }
  return { rows, put };
}

export interface Row {
  element: HTMLElement;
  number: HTMLAnchorElement;
  source: HTMLElement;
  text: HTMLElement;
  /** What it shows now. */
  key: string | null;
  /** Number of the line that it shows. */
  shown: number | null;
}

function makeRow(): Row {
  const element = document.createElement('div');
  const number = document.createElement('a');
  const source = document.createElement('span');
  const text = document.createElement('span');
  element.className = 'line';
  number.className = 'line-number';
  source.className = 'line-source';
  text.className = 'line-text';
  element.append(number, source, text);
  return { element, number, source, text, key: null, shown: null };
}

/** Text nodes only: whatever a line says is shown, and nothing of it is done. */
export function write(into: HTMLElement, line: string): void {
  const stretches = stretchesOf(line.length > MOST_SHOWN ? line.slice(0, MOST_SHOWN) : line);
  into.replaceChildren(
    ...stretches.map(({ text, styles, color }) => {
      if (styles.length === 0 && color === null) return document.createTextNode(text);
      const span = document.createElement('span');
      span.className = styles.join(' ');
      if (color !== null) span.style.color = color;
      span.textContent = text;
      return span;
    }),
    ...(line.length > MOST_SHOWN ? [document.createTextNode(' …')] : []),
  );
}
