import { counted, plural } from '../../../base/text/plural.ts';
import { shortName, varyingNames, type Point } from '../../../sweep/point.ts';
import type { SweepDryRun, SubmittedSweep } from '../../sweeps/submission.ts';
import type { Screen } from '../../runtime/screen.ts';
import { sentFilesView } from '../manifest/sent-files.ts';
import { table, type Column } from '../table.ts';
import { printable } from '../text.ts';

/** What submitting a sweep says: how many there are, and how to go on. */
export function submittedSweepView(
  { sweep, experiments }: Pick<SubmittedSweep, 'sweep' | 'experiments'>,
  { colors }: Screen,
): string {
  const made = experiments.filter(({ created }) => created).length;
  const there = experiments.length - made;
  const also = there === 0 ? '' : `, ${there} there already`;
  const mark = made === 0 ? colors.dim('·') : colors.green('✓');
  return [
    `${mark} sweep ${colors.bold(sweep)}: ${counted(made, 'experiment')} submitted${also}`,
    colors.dim(`  aichor sweeps get ${sweep}   aichor sweeps wait ${sweep}   aichor sweeps results ${sweep}`),
  ].join('\n');
}

/** Widest column of a value; longer ones are cut. */
const WIDEST = 24;

/** What `--dry-run` shows: a row for each experiment that there would be. */
export function sweepDryRunView(
  { sweep, manifest_path: path, pods, points, files_sent: files, left_out: leftOut }: SweepDryRun,
  screen: Screen,
): string {
  const names = [...new Set(points.flatMap(({ point }) => Object.keys(point)))];
  const isRepeated = points.some(({ repeat }) => repeat > 1);
  const columns: Column[] = [
    { title: '#', width: Math.max(2, String(points.length).length), align: 'right' },
    ...(isRepeated ? [{ title: 'TRY', width: 3, align: 'right' as const }] : []),
    ...names.map((name) => valueColumn(name, points)),
    { title: 'MESSAGE', width: 'rest' },
  ];
  const rows = points.map(({ point, index, repeat, message }) => [
    String(index),
    ...(isRepeated ? [String(repeat)] : []),
    ...names.map((name) => printable(point[name] ?? '-')),
    printable(message),
  ]);
  const varying = varyingNames(points.map(({ point }) => point)).map(shortName);
  const head = [
    counted(points.length, 'experiment'),
    counted(pods, 'pod'),
    ...(varying.length > 0 ? [`${plural(varying.length, 'value')} that change: ${varying.join(', ')}`] : []),
  ].join(' · ');
  const sent = files === null ? [] : [sentFilesView(files, leftOut ?? [], screen)];
  return [`${screen.colors.bold(sweep)} · ${path} · ${head}`, ...sent, table(columns, rows, screen)].join(
    '\n\n',
  );
}

/** A column as wide as its values need. */
export function valueColumn(name: string, points: readonly { point: Point }[]): Column {
  const title = shortName(name);
  const widths = points.map(({ point }) => printable(point[name] ?? '-').length);
  return { title, width: Math.min(WIDEST, Math.max(title.length, ...widths)) };
}
