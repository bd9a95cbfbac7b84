import { stripVTControlCharacters } from 'node:util';
import { cutToColumns } from '../../../base/text/columns.ts';
import { isOpenLine, type LogLine } from '../../../logs/line.ts';
import { parseLogLine } from '../../../logs/wire.ts';
import { canAnimate, type Output } from '../../runtime/screen.ts';
import { printable } from '../text.ts';
import type { LogLineView } from './log-line.ts';

/** A terminal, asked each time: people change its size. */
export interface Terminal {
  columns: number;
  rows: number;
}

/** Lines on a terminal that scroll by, and below them the open ones (progress bars), which change where they are. */
export interface LiveLines {
  /** What has to be written so that these lines have been shown. */
  show(lines: readonly LogLine[]): string;
  /** A row below all of them from now on; null: none. What has to be written. */
  status(text: string | null): string;
  /** What has to be written so that no open line is left on the screen. */
  clear(): string;
}

const USUAL: Terminal = { columns: 80, rows: 24 };

/** Ends of what is drawn over something: the rest of the row goes, or all that is below. */
const REST_OF_ROW = '\u001b[K';
const REST_OF_SCREEN = '\u001b[J';

/** On a terminal where something may move; null anywhere else. */
export function liveLinesOn(
  output: Output & { rows?: number },
  env: Record<string, string | undefined>,
  view: LogLineView,
): LiveLines | null {
  if (!canAnimate(output, env)) return null;
  return createLiveLines(
    () => ({ columns: output.columns || USUAL.columns, rows: output.rows || USUAL.rows }),
    view,
  );
}

/**
 * Each pod and stream has at most one open line; it goes when its line ends. Rows are written over and never emptied
 * before, so that nothing flickers; the cursor stays behind the last open line.
 */
export function createLiveLines(terminal: () => Terminal, { draw, prefix }: LogLineView): LiveLines {
  const open = new Map<string, LogLine>();
  let rows = 0;
  let status: string | null = null;

  function toFirstRow(): string {
    if (rows === 0) return '';
    return rows === 1 ? '\r' : `\r\u001b[${rows - 1}A`;
  }

  function bar(line: LogLine, columns: number): string {
    const { text, columns: taken } = prefix(line);
    // A row that is filled to its last column makes some terminals begin the next.
    const room = Math.max(0, columns - taken - 1);
    return text + cutToColumns(printable(stripVTControlCharacters(line.text)), room) + REST_OF_ROW;
  }

  const live: LiveLines = {
    show(lines) {
      const ended: string[] = [];
      for (const line of lines) {
        const source = `${line.pod ?? line.step} ${line.attempt} ${line.stream}`;
        if (isOpenLine(line)) open.set(source, line);
        else {
          open.delete(source);
          ended.push(draw(line));
        }
      }
      const back = toFirstRow();
      const isPlain = rows === 0 && open.size === 0 && status === null;
      if (isPlain) return ended.map((line) => `${line}\n`).join('');
      const { columns, rows: height } = terminal();
      const below = status === null ? [] : [cutToColumns(status, columns - 1) + REST_OF_ROW];
      const room = Math.max(1, height - 1 - below.length);
      const bars = [...open.values()].slice(-room).map((line) => bar(line, columns));
      const last = [...bars, ...below];
      rows = last.length;
      return (
        back + ended.map((line) => `${line}${REST_OF_ROW}\n`).join('') + last.join('\n') + REST_OF_SCREEN
      );
    },
    status(text) {
      status = text;
      return live.show([]);
    },
    clear() {
      const cleared = rows === 0 ? '' : toFirstRow() + REST_OF_SCREEN;
      rows = 0;
      return cleared;
    },
  };
  return live;
}

/**
 * Whole JSON lines as they come, drawn: one text for each chunk.
 *
 * @param live null where nothing can be drawn over: open lines are left out there
 */
export async function* drawnLines(
  chunks: AsyncIterable<Uint8Array>,
  view: LogLineView,
  live: LiveLines | null,
): AsyncGenerator<string> {
  for await (const chunk of chunks) {
    const lines = new TextDecoder().decode(chunk).split('\n').slice(0, -1).map(parseLogLine);
    if (live) yield live.show(lines);
    else
      yield lines
        .filter((line) => !isOpenLine(line))
        .map((line) => `${view.draw(line)}\n`)
        .join('');
  }
}
