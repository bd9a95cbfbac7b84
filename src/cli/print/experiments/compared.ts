import type { Compared } from '../../../api/compare-contract.ts';
import { PARTS, type Cell, type Difference, type Part } from '../../../compare/compare.ts';
import { valueText } from '../../../metrics/value-text.ts';
import { counted } from '../../../base/text/plural.ts';
import type { Screen } from '../../runtime/screen.ts';
import { table, type Column } from '../table.ts';
import { printable } from '../text.ts';
import { durationText } from '../time.ts';
import { SHORT_ID } from './list.ts';

/** Widest column of a value; longer ones are cut. */
const WIDEST = 28;
/** Paths that are written out. */
const MOST_FILES = 40;
/** From so many experiments on each has a row, not a column. */
const MOST_COLUMNS = 4;

/** What `diff` and `compare` show: what differs, by part; of many experiments a row each. */
export function comparedView(compared: Compared, screen: Screen): string {
  const { experiments, differences, files } = compared;
  if (differences.length === 0 && files?.length === 0) return 'no difference';
  const isWide = experiments.length > MOST_COLUMNS;
  const parts = isWide ? [rowsView(compared, screen)] : [columnsView(compared, screen)];
  parts.push(filesView(compared, screen));
  if (compared.patch) parts.push(coloured(compared.patch, screen));
  return parts.filter((part) => part !== '').join('\n\n');
}

/** A column for each experiment. */
function columnsView({ experiments, differences }: Compared, screen: Screen): string {
  if (differences.length === 0) return '';
  const { colors } = screen;
  const names = differences.map(({ name }) => printable(name).length);
  const columns: Column[] = [
    { title: '', width: Math.min(40, Math.max(...names) + 2) },
    ...experiments.map((id, at) => ({
      title: id.slice(0, SHORT_ID),
      width: Math.min(WIDEST, Math.max(SHORT_ID, ...differences.map((one) => cellText(one, at).length))),
    })),
    { title: '', width: 'rest' },
  ];
  const rows = PARTS.flatMap((part) => {
    const some = differences.filter((one) => one.part === part);
    if (some.length === 0) return [];
    const head = [colors.bold(part), ...experiments.map(() => ''), ''];
    return [
      head,
      ...some.map((one) => [
        `  ${printable(one.name)}`,
        ...experiments.map((_id, at) => cellText(one, at)),
        '',
      ]),
    ];
  });
  return table(columns, rows, screen);
}

/** A row for each experiment: what was given first, then what came of it. */
function rowsView({ experiments, differences }: Compared, screen: Screen): string {
  const shown = differences.filter(({ part, name }) => part !== 'submission' || name !== 'message');
  const columns: Column[] = [
    { title: 'ID', width: SHORT_ID },
    ...shown.map((one, index): Column => ({
      title: titleOf(one),
      width: Math.min(
        WIDEST,
        Math.max(titleOf(one).length, ...one.values.map((_value, at) => cellText(one, at).length)),
      ),
      drop: index + 1,
    })),
    { title: '', width: 'rest', least: 0 },
  ];
  const rows = experiments.map((id, at) => [
    id.slice(0, SHORT_ID),
    ...shown.map((one) => cellText(one, at)),
    '',
  ]);
  return table(columns, rows, screen);
}

function titleOf({ name }: Difference): string {
  return printable(name.split('.').at(-1) ?? name);
}

function cellText({ part, name, values }: Difference, at: number): string {
  return textOf(values[at] ?? null, { part, name });
}

function textOf(value: Cell, { part, name }: { part: Part; name: string }): string {
  if (value === null) return '-';
  if (part === 'metrics' && typeof value === 'number') return valueText(value);
  if (name === 'duration_s' && typeof value === 'number') return durationText(value);
  return printable(String(value));
}

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

function filesView({ files, experiments }: Compared, { colors }: Screen): string {
  if (files === null) return colors.dim('the files of one of them are not here any more');
  if (files.length === 0) return '';
  const draw = { added: colors.green, removed: colors.red, changed: colors.yellow };
  const lines = files
    .slice(0, MOST_FILES)
    .map(({ path, change }) => `  ${draw[change](`${SIGNS[change]} ${printable(path)}`)}`);
  const more = files.length - lines.length;
  const against = experiments.length > 2 ? colors.dim(' (against the first)') : '';
  return [
    `${colors.bold('files')}${against}`,
    ...lines,
    ...(more > 0 ? [colors.dim(`  and ${counted(more, 'path')} more`)] : []),
  ].join('\n');
}

function coloured(patch: string, { colors }: Screen): string {
  return patch
    .trimEnd()
    .split('\n')
    .map((line) => {
      const text = printable(line);
      if (/^(?:---|\+\+\+|Binary)/.test(line)) return colors.bold(text);
      if (line.startsWith('@@')) return colors.cyan(text);
      if (line.startsWith('+')) return colors.green(text);
      return line.startsWith('-') ? colors.red(text) : text;
    })
    .join('\n');
}
