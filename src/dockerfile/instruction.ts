import { DockerfileParser } from 'dockerfile-ast';
import type { Instruction as Parsed } from 'dockerfile-ast/lib/instruction.js';

/** One instruction of a Dockerfile, before variables are put in. */
export interface Instruction {
  /** Upper case: `FROM`, `COPY`, … */
  keyword: string;
  /** First line, from 1. */
  line: number;
  /** `--name=value` in front of the arguments; a flag without a value is `true`. */
  flags: { name: string; value: string }[];
  /** Arguments as one text: lines joined, comments left out, heredocs not in it. */
  text: string;
  /** Arguments of the JSON form (`["a", "b"]`), else null. */
  json: string[] | null;
  /** `ENV`, `ARG`: names with their values; null where there is only a name. */
  properties: { name: string; value: string | null }[];
  /** Contents of heredocs, in order. */
  heredocs: string[];
}

/** The instructions of a Dockerfile in order. A text that is no Dockerfile gives those that can be told. */
export function readInstructions(source: string): Instruction[] {
  const text = source.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const dockerfile = DockerfileParser.parse(text);
  const escape = dockerfile.getEscapeCharacter();
  const lines = text.split('\n');
  return dockerfile.getInstructions().map((each) => toInstruction(each, { lines, escape }));
}

function toInstruction(parsed: Parsed, source: { lines: string[]; escape: string }): Instruction {
  const keyword = parsed.getKeyword();
  const { start, end } = parsed.getRange();
  const heredocs = hasFlags(parsed) ? parsed.getHeredocs().map((each) => contentOf(each.getContentRange(), source.lines)) : []; // prettier-ignore
  const raw = parsed.getRawArgumentsContent() ?? '';
  const folded = foldLines(heredocs.length > 0 ? (raw.split('\n')[0] ?? '') : raw, source.escape);
  const flags = hasFlags(parsed) ? parsed.getFlags().map((flag) => ({ name: flag.getName(), value: flag.getValue() ?? 'true' })) : []; // prettier-ignore
  return {
    keyword,
    line: start.line + 1,
    flags,
    text: folded,
    json: readJson(folded),
    properties: keyword === 'ENV' || keyword === 'ARG' ? readProperties(folded, keyword) : [],
    heredocs: end.line > start.line ? heredocs : [],
  };
}

/** COPY, ADD and RUN have them; the parser's types say it of fewer. */
interface WithFlags {
  getFlags(): { getName(): string; getValue(): string | null }[];
  getHeredocs(): { getContentRange(): ContentRange | null }[];
}

interface ContentRange {
  start: { line: number };
  end: { line: number };
}

function hasFlags<T extends object>(parsed: T): parsed is T & WithFlags {
  return 'getFlags' in parsed && 'getHeredocs' in parsed;
}

function contentOf(range: ContentRange | null, lines: readonly string[]): string {
  return range === null ? '' : lines.slice(range.start.line, range.end.line + 1).join('\n');
}

/** Lines that end in the escape character go on; between them, comments and empty lines count for nothing. */
function foldLines(raw: string, escape: string): string {
  return raw
    .split('\n')
    .filter((line, index) => index === 0 || !/^\s*(#.*)?$/.test(line))
    .map((line) => (line.trimEnd().endsWith(escape) ? line.trimEnd().slice(0, -1) : line))
    .join(' ')
    .trim();
}

function readJson(text: string): string[] | null {
  if (!text.startsWith('[')) return null;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : null;
  } catch {
    // The shell form may begin with a bracket too: `[ -f x ] && …`.
    return null;
  }
}

/** `A=1 B="two words"`, the old form `NAME the rest` of ENV, and `ARG NAME`. */
function readProperties(text: string, keyword: string): Instruction['properties'] {
  const old = /^([^\s=]+)\s+(.*)$/s.exec(text);
  if (keyword === 'ENV' && old?.[1] !== undefined) return [{ name: old[1], value: old[2] ?? '' }];
  const pairs = text.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs) ?? [];
  return pairs.map((pair) => {
    const equals = pair.indexOf('=');
    if (equals === -1) return { name: pair, value: null };
    const value = pair.slice(equals + 1);
    return { name: pair.slice(0, equals), value };
  });
}
