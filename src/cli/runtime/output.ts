import { AichorError } from '../../errors.ts';

/** The forms that stdout can have. `table`: for people; `tsv`: a line a row, columns by tabs; `id`: an id a line. */
export const FORMATS = ['table', 'json', 'yaml', 'tsv', 'id'] as const;
export type Format = (typeof FORMATS)[number];

interface Asking {
  /** The words behind the command's name. */
  argv: readonly string[];
  env: Record<string, string | undefined>;
  /** Whether stdout is a terminal. */
  isTerminal: boolean;
}

/**
 * The form that was asked for: by `--json` or `--output`, by AICHOR_OUTPUT, else for people on a terminal and JSON
 * elsewhere. Read from the words themselves, because it counts also when the rest of the line cannot be parsed.
 */
export function formatWanted({ argv, env, isTerminal }: Asking): Format {
  const end = argv.indexOf('--');
  const flags = end === -1 ? argv : argv.slice(0, end);
  if (flags.includes('--json')) return 'json';
  const asked = flags.flatMap((word, index) => {
    if (word === '--output') return [flags[index + 1] ?? ''];
    return word.startsWith('--output=') ? [word.slice('--output='.length)] : [];
  });
  const wanted = known(asked.at(-1)) ?? known(env['AICHOR_OUTPUT']);
  return wanted ?? (isTerminal ? 'table' : 'json');
}

function known(word: string | undefined): Format | undefined {
  return FORMATS.find((format) => format === word);
}

type Row = Record<string, unknown>;

/** A document as `tsv` or `id`, without the last newline. Throws AichorError `usage` where nothing has an id. */
export function linesOf(document: unknown, format: 'tsv' | 'id'): string {
  const rows = rowsOf(document);
  if (format === 'id') return rows.map(idOf).join('\n');
  const flat = rows.map((row) => flattened(row));
  const columns = [...new Set(flat.flatMap((row) => Object.keys(row)))];
  if (columns.length === 0) return '';
  return [columns, ...flat.map((row) => columns.map((column) => row[column] ?? ''))]
    .map((cells) => cells.join('\t'))
    .join('\n');
}

/** The list that a document is (of experiments, engines, files, settings), else the document as the only row. */
export function rowsOf(document: unknown): Row[] {
  if (!isObject(document)) return [];
  const lists = Object.values(document).filter((value) => Array.isArray(value) && value.every(isObject));
  if (!('experiment_id' in document) && lists.length === 1) return (lists[0] as Row[]) ?? [];
  const { settings } = document;
  if (isObject(settings))
    return Object.entries(settings).map(([name, value]) => ({
      name,
      ...(isObject(value) ? value : { value }),
    }));
  return [document];
}

function idOf(row: Row): string {
  const id = row['experiment_id'] ?? row['name'] ?? row['path'];
  if (typeof id === 'string') return cell(id);
  throw new AichorError('usage', 'what this command prints has no id', {
    hint: 'use --output json, table or tsv',
  });
}

/** `resources.pods` for what is one deep; lists of objects (pods, events) are left to JSON. */
function flattened(row: Row, prefix = ''): Record<string, string> {
  const cells: Record<string, string> = {};
  for (const [key, value] of Object.entries(row)) {
    const name = `${prefix}${key}`;
    if (Array.isArray(value)) {
      if (!value.some(isObject)) cells[name] = cell(value.join(','));
    } else if (isObject(value)) Object.assign(cells, flattened(value, `${name}.`));
    else cells[name] = cell(value === null || value === undefined ? '' : String(value));
  }
  return cells;
}

/** A cell stays one cell. */
function cell(text: string): string {
  return text.replace(/[\t\r\n]+/g, ' ');
}

function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
