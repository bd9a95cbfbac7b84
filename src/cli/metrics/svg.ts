import { valueText } from '../../metrics/value-text.ts';
import { shapeOf, type Drawn } from './plot.ts';

/** What makes a file of this XML an SVG; nothing is fetched from there. */
const NAMESPACE = ['http:/', 'www.w3.org', '2000', 'svg'].join('/');
const WIDTH = 640;
const CHART = { left: 80, top: 34, width: WIDTH - 100, height: 150 };
const BOX = CHART.top + CHART.height + 36;

/** Series as one SVG for a report: a chart each, one below the other, with what their axes go from and to. */
export function metricsSvg(all: readonly Drawn[]): string {
  const charts = all.map((drawn, index) => chart(drawn, index * BOX));
  const height = Math.max(1, all.length) * BOX;
  return [
    `<svg xmlns="${NAMESPACE}" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    ...charts,
    '</svg>',
    '',
  ].join('\n');
}

function chart({ name, series }: Drawn, offset: number): string {
  const { left, top, width, height } = CHART;
  const shape = shapeOf(series);
  const text = (x: number, y: number, said: string, anchor = 'start') =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(said)}</text>`;
  const parts = [
    text(left, top - 12, name),
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="none" stroke="#bbb"/>`,
  ];
  if (shape !== null) {
    const at = (x: number, y: number) => `${round(left + x * width)} ${round(top + (1 - y) * height)}`;
    const path = shape.strokes
      .map((stroke) => `M${stroke.map(([x, y]) => at(x, y)).join('L')}${stroke.length === 1 ? 'h0.1' : ''}`)
      .join('');
    parts.push(
      `<path d="${path}" fill="none" stroke="#1f77b4" stroke-width="1.5" stroke-linecap="round"/>`,
      text(left - 6, top + 10, valueText(shape.values[1]), 'end'),
      text(left - 6, top + height, valueText(shape.values[0]), 'end'),
      text(left, top + height + 16, String(shape.steps[0])),
      text(left + width, top + height + 16, String(shape.steps[1]), 'end'),
    );
  }
  return `<g transform="translate(0 ${offset})">${parts.join('')}</g>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Names are whatever a pod wrote. XML has no control characters at all. */
function escaped(text: string): string {
  return text.replace(/[^\P{Cc}\t]/gu, '�').replace(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0)};`);
}
