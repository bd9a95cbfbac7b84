import { parse } from 'csv-parse/sync';
import { AichorError } from '../errors.ts';
import { assertPointName, type Point } from './point.ts';

/**
 * The points of `--list`: objects of JSON, one after another or in one list, or CSV whose first line names the columns; an
 * empty cell gives the name no value at that point. Which of them, its first character says. Throws AichorError `usage` with
 * file and line.
 */
export function parseList(text: string, file: string): Point[] {
  const content = text.replace(/^\uFEFF/, '');
  const first = content.trimStart()[0];
  if (first === undefined) return [];
  const rows = first === '{' || first === '[' ? jsonRows(content, file) : csvRows(content, file);
  for (const { row, line } of rows)
    if (Object.keys(row).length === 0) throw bad(file, line, 'this point is empty');
  for (const name of new Set(rows.flatMap(({ row }) => Object.keys(row)))) assertPointName(name, '--list');
  return rows.map(({ row }) => row);
}

interface Row {
  row: Point;
  line: number;
}

function jsonRows(text: string, file: string): Row[] {
  const isList = text.trimStart().startsWith('[');
  const rows = jsonParts(text, isList).map(({ written, line }): Row => {
    const values = objectOf(written, file, line);
    const entries = Object.entries(values).map(([name, value]) => [
      name,
      textOf(value, { file, line, name }),
    ]);
    return { row: Object.fromEntries(entries), line };
  });
  // What stands between the items, which the parts leave out.
  if (isList) parsed(text, file, text.trimEnd().split('\n').length);
  return rows;
}

/** A string, a run of what means nothing here, or one character that does. */
const JSON_TOKEN = /"(?:[^"\\\n]|\\.)*"|[^\s"[\]{},]+|[\s\S]/g;

/** JSON cut into the values that stand one after another, or into the items of one list, each with the line it begins on. */
function jsonParts(text: string, isList: boolean): { written: string; line: number }[] {
  const outside = isList ? 1 : 0;
  const parts: { written: string; line: number }[] = [];
  let [depth, line, begin, beginLine] = [0, 1, -1, 1];
  const end = (at: number) => {
    if (begin >= 0) parts.push({ written: text.slice(begin, at), line: beginLine });
    begin = -1;
  };
  for (const { 0: token, index } of text.matchAll(JSON_TOKEN)) {
    const isBetween = /\s/.test(token[0] ?? '') || (isList && (token === ',' || token === ']'));
    if (depth === outside && isBetween) end(index);
    else if (depth >= outside && begin < 0) [begin, beginLine] = [index, line];
    if (token === '[' || token === '{') depth += 1;
    if (token === ']' || token === '}') depth -= 1;
    if (token === '\n') line += 1;
  }
  end(text.length);
  return parts;
}

function objectOf(written: string, file: string, line: number): object {
  const value = parsed(written, file, line);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw bad(file, line, 'this is no object of names and values');
}

function parsed(written: string, file: string, line: number): unknown {
  try {
    return JSON.parse(written);
  } catch (cause) {
    throw bad(file, line, `this is no JSON (${cause instanceof Error ? cause.message : 'unknown form'})`);
  }
}

/** Numbers as JavaScript writes them, lists and maps as JSON: a place in the manifest takes them so. */
function textOf(value: unknown, { file, line, name }: { file: string; line: number; name: string }): string {
  if (typeof value === 'string') return value;
  if (value === null) throw bad(file, line, `${name} is null: leave a name out that has no value`);
  return JSON.stringify(value);
}

function csvRows(text: string, file: string): Row[] {
  let rows: { record: string[]; info: { lines: number } }[];
  try {
    rows = parse(text, { info: true, skip_empty_lines: true, trim: true, relax_quotes: false }) as never;
  } catch (cause) {
    const line = cause instanceof Error && 'lines' in cause ? Number(cause.lines) : 1;
    throw bad(file, line, cause instanceof Error ? cause.message : 'this is no CSV');
  }
  const [head, ...body] = rows;
  const names = head?.record ?? [];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw bad(file, 1, `the column ${JSON.stringify(twice)} is there twice`);
  return body.map(({ record, info }) => ({
    row: Object.fromEntries(
      names.map((name, at) => [name, record[at] ?? '']).filter(([, value]) => value !== ''),
    ),
    line: info.lines,
  }));
}

function bad(file: string, line: number, message: string): AichorError {
  return new AichorError('usage', `--list: ${file}:${line}: ${message}`, {
    hint: 'write {"LR": 0.1, "HIDDEN": 8} on each line, a list of them, or CSV whose first line names the columns',
  });
}
