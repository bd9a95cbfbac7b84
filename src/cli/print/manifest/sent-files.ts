import { formatBytes } from '../../../base/text/bytes.ts';
import { counted } from '../../../base/text/plural.ts';
import type { LeftOut } from '../../../snapshot/packaging/left-out.ts';
import type { Screen } from '../../runtime/screen.ts';
import type { SentFile } from '../../submit/sent-files.ts';
import { printable } from '../text.ts';

/** Paths of one rule that are written out where not all were asked for. */
const MOST_PATHS = 3;

/** What `--show-files` shows: each path that is sent, and each that is not below the rule that says so. */
export function sentFilesView(
  files: readonly SentFile[],
  leftOut: readonly LeftOut[],
  screen: Screen,
): string {
  const { colors } = screen;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const count = files.filter(({ path }) => !path.endsWith('/')).length;
  return [
    colors.dim(`sent: ${counted(count, 'file')}, ${formatBytes(bytes)}`),
    ...files.map((file) => weightLine(file)),
    colors.dim(leftOut.length === 0 ? 'left out: nothing' : 'left out'),
    ...leftOut.flatMap((group) => [
      `  ${ruleText(group)}`,
      ...group.paths.map((path) => `    ${printable(path)}`),
    ]),
  ].join('\n');
}

/** `     1 kB  main.py`. */
export function weightLine({ path, bytes }: SentFile): string {
  return `  ${formatBytes(bytes).padStart(7)}  ${printable(path)}`;
}

/** `  data/, notes.csv and 3 more  by .gitignore:3 data/`. */
export function leftOutLine(group: LeftOut): string {
  const { count, paths } = group;
  const named = paths.slice(0, MOST_PATHS).map(printable).join(', ');
  const more = count > MOST_PATHS ? ` and ${count - MOST_PATHS} more` : '';
  return `  ${named}${more}  ${ruleText(group)}`;
}

function ruleText({ file, line, pattern }: LeftOut): string {
  if (file !== null) return `by ${printable(file)}:${line} ${printable(pattern ?? '')}`;
  return `always (${pattern})`;
}
