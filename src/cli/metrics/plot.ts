import type { PointRecord } from '../../metrics/metric-record.ts';
import { valueText } from '../../metrics/value-text.ts';

/** A series to be drawn. */
export interface Drawn {
  name: string;
  series: readonly PointRecord[];
}

/** Points of one line that hang together: values that are no numbers leave a gap. */
export type Stroke = [x: number, y: number][];

/** What a series looks like in a box, each coordinate from 0 to 1, `y` upwards; null: it has no number. */
export interface PlotShape {
  strokes: Stroke[];
  steps: [first: number, last: number];
  values: [min: number, max: number];
}

/** Steps go to the right where they only grow; where they go back, the order of writing does. */
export function shapeOf(series: readonly PointRecord[]): PlotShape | null {
  const numbers = series.flatMap(([, , value]) => (typeof value === 'number' ? [value] : []));
  if (numbers.length === 0) return null;
  const isGrowing = series.every(([step], index) => step >= (series[index - 1]?.[0] ?? step));
  const xs = series.map(([step], index) => (isGrowing ? step : index));
  const [firstX, lastX] = [xs[0] ?? 0, xs.at(-1) ?? 0];
  const [min, max] = [Math.min(...numbers), Math.max(...numbers)];
  const strokes: Stroke[] = [[]];
  for (const [index, [, , value]] of series.entries()) {
    if (typeof value !== 'number') {
      strokes.push([]);
      continue;
    }
    const x = lastX === firstX ? 0.5 : ((xs[index] ?? 0) - firstX) / (lastX - firstX);
    strokes.at(-1)?.push([x, max === min ? 0.5 : (value - min) / (max - min)]);
  }
  const steps = series.map(([step]) => step);
  return {
    strokes: strokes.filter((stroke) => stroke.length > 0),
    steps: isGrowing ? [firstX, lastX] : [Math.min(...steps), Math.max(...steps)],
    values: [min, max],
  };
}

const HEIGHT = 8;
/** A character of braille has two columns of four dots. */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/** A series as text: its name, a chart of braille dots, and what the axes go from and to. */
export function plotText({ name, series }: Drawn, width: number): string {
  const shape = shapeOf(series);
  const head = `${name}  ${valueText(series.at(-1)?.[2] ?? null)}`;
  if (shape === null) return `${head}\n(no numbers)`;
  const [top, bottom] = [valueText(shape.values[1]), valueText(shape.values[0])];
  const margin = Math.max(top.length, bottom.length);
  const columns = Math.max(10, width - margin - 3);
  const rows = braille(shape.strokes, columns, HEIGHT).map((row, index) => {
    const label = index === 0 ? top : index === HEIGHT - 1 ? bottom : '';
    return `${label.padStart(margin)} ┤${row}`;
  });
  const [from, to] = shape.steps.map(String);
  const axis = `${' '.repeat(margin + 2)}${from}${String(to).padStart(Math.max(1, columns - String(from).length))}`;
  return [head, ...rows, axis].join('\n');
}

function braille(strokes: readonly Stroke[], columns: number, rows: number): string[] {
  const cells = Array.from({ length: rows }, () => Array.from({ length: columns }, () => 0));
  const [wide, high] = [columns * 2 - 1, rows * 4 - 1];
  const dot = (x: number, y: number) => {
    const [column, row] = [x >> 1, y >> 2];
    const line = cells[row];
    if (line?.[column] !== undefined) line[column] |= DOTS[x & 1 ? 1 : 0][(y & 3) as 0 | 1 | 2 | 3];
  };
  for (const stroke of strokes) {
    let before: [number, number] | null = null;
    for (const [x, y] of stroke) {
      const here: [number, number] = [Math.round(x * wide), Math.round((1 - y) * high)];
      const [fromX, fromY]: [number, number] = before ?? here;
      const length = Math.max(1, Math.abs(here[0] - fromX), Math.abs(here[1] - fromY));
      for (let part = 0; part <= length; part++)
        dot(
          Math.round(fromX + ((here[0] - fromX) * part) / length),
          Math.round(fromY + ((here[1] - fromY) * part) / length),
        );
      before = here;
    }
  }
  // The empty pattern is no space to everybody.
  const letter = (cell: number) => (cell === 0 ? ' ' : String.fromCodePoint(0x2800 + cell));
  return cells.map((line) => line.map(letter).join('').trimEnd());
}
