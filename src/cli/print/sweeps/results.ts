import { valueText } from '../../../metrics/value-text.ts';
import { shortName } from '../../../sweep/point.ts';
import type { ResultRow, Results, Spread } from '../../../sweep/results.ts';
import type { Screen } from '../../runtime/screen.ts';
import { table, type Column } from '../table.ts';
import { printable } from '../text.ts';
import { durationText } from '../time.ts';

/** What tables, CSV and Markdown show: names of `--columns`, else what varies, the metrics and how many there are. */
function columnsOf(results: Results, columns: readonly string[] | undefined): readonly string[] {
  const metrics = Object.keys(results.rows[0]?.metrics ?? {});
  return columns ?? ['index', ...results.columns, ...metrics, 'n', 'time', 'status'];
}

/** One row a point, fitted to the screen; the best is bold. */
export function resultsTable(
  results: Results,
  columns: readonly string[] | undefined,
  screen: Screen,
): string {
  if (results.rows.length === 0) return 'no points';
  const names = columnsOf(results, columns);
  const cells = results.rows.map((row) => names.map((name) => cellOf(results, row, name)));
  const widest = names.map((name, at) =>
    Math.max(titleOf(name).length, ...cells.map((row) => row[at]?.length ?? 0)),
  );
  const drawn: Column[] = names.map((name, at) => ({
    title: titleOf(name),
    width: name === 'status' ? 'rest' : Math.min(WIDEST, widest[at] ?? 0),
    align: isNumber(results, name) ? 'right' : 'left',
  }));
  const filled = names.includes('status') ? drawn : [...drawn, { title: '', width: 'rest' as const }];
  const { colors } = screen;
  const rows = cells.map((row, at) => {
    const isBest = at === 0 && results.metric !== null;
    const shown = isBest ? row.map((cell) => colors.bold(cell)) : row;
    return names.includes('status') ? shown : [...shown, ''];
  });
  const notes = [constantText(results), missingText(results)].filter((note) => note !== null);
  return [table(filled, rows, screen), ...notes.map((note) => colors.dim(note))].join('\n');
}

const WIDEST = 30;

function isNumber(results: Results, name: string): boolean {
  return name === 'index' || name === 'n' || name === 'time' || name in (results.rows[0]?.metrics ?? {});
}

/** Markdown, for a report. */
export function resultsMarkdown(results: Results, columns: readonly string[] | undefined): string {
  const names = columnsOf(results, columns);
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = names.map((name) => (isNumber(results, name) ? '---:' : '---'));
  const rows = results.rows.map((row) => line(names.map((name) => cellOf(results, row, name))));
  const notes = [constantText(results), missingText(results)].filter((note) => note !== null);
  const below = notes.length === 0 ? [] : ['', ...notes];
  return [line(names.map(shortName)), line(rule), ...rows, ...below].join('\n');
}

/** CSV: numbers in full, the spread of a metric in a column of its own where points have repeats. */
export function resultsCsv(results: Results, columns: readonly string[] | undefined): string {
  const hasSpread = results.rows.some(({ metrics }) =>
    Object.values(metrics).some((one) => one?.spread != null),
  );
  const names = columnsOf(results, columns).flatMap((name) =>
    hasSpread && name in (results.rows[0]?.metrics ?? {}) ? [name, `${name}_std`] : [name],
  );
  const rows = results.rows.map((row) => names.map((name) => exactOf(results, row, name)));
  return [names, ...rows].map((cells) => cells.map(quoted).join(',')).join('\n');
}

/** A formula of a spreadsheet is none when it stands in quotes behind an apostrophe; anything else as RFC 4180 has it. */
function quoted(cell: string): string {
  const safe = /^[=@]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function titleOf(name: string): string {
  return name === 'index' ? '#' : name === 'n' ? 'N' : shortName(name);
}

function cellOf(results: Results, row: ResultRow, name: string): string {
  if (Object.hasOwn(row.metrics, name)) return spreadText(row.metrics[name] ?? null);
  if (name === 'time') return durationText(row.duration_s?.mean ?? null);
  return plainOf(results, row, name);
}

function exactOf(results: Results, row: ResultRow, name: string): string {
  const of = name.endsWith('_std') ? name.slice(0, -'_std'.length) : name;
  if (Object.hasOwn(row.metrics, of)) {
    const { mean, spread } = row.metrics[of] ?? { mean: null, spread: null };
    return String((of === name ? mean : spread) ?? '');
  }
  if (name === 'time') return String(row.duration_s?.mean ?? '');
  return plainOf(results, row, name);
}

function plainOf(results: Results, row: ResultRow, name: string): string {
  if (name === 'index') return String(row.index);
  if (name === 'n') return String(row.experiments.length);
  if (name === 'ids') return row.experiments.map((id) => id.slice(0, 8)).join(' ');
  if (name === 'status') return statusOf(row);
  return printable(row.point[name] ?? results.constant[name] ?? '');
}

/** `succeeded`, `2 succeeded, 1 failed, 1 missing`. */
function statusOf({ counts, missing }: ResultRow): string {
  const all: [string, number][] = Object.entries(counts).map(([status, count]) => [
    status.toLowerCase(),
    count,
  ]);
  if (missing > 0) all.push(['missing', missing]);
  const [only] = all;
  if (all.length === 1 && only !== undefined) return only[1] === 1 ? only[0] : `${only[1]} ${only[0]}`;
  return all.map(([status, count]) => `${count} ${status}`).join(', ');
}

/** `0.912 ± 0.004`; one repeat has no spread. */
export function spreadText(value: Spread | null): string {
  if (value === null) return '-';
  return value.spread === null
    ? valueText(value.mean)
    : `${valueText(value.mean)} ± ${shortSpread(value.spread)}`;
}

/** Two digits of a spread are as many as mean something. */
function shortSpread(spread: number): string {
  return String(Number(spread.toPrecision(2)));
}

function constantText({ constant }: Results): string | null {
  const pairs = Object.entries(constant).map(([name, value]) => `${shortName(name)}=${printable(value)}`);
  return pairs.length === 0 ? null : `everywhere: ${pairs.join(', ')}`;
}

function missingText({ missing, sweep }: Results): string | null {
  if (missing.length === 0) return null;
  return `${missing.length} missing: aichor sweeps resume ${sweep} submits them again`;
}
