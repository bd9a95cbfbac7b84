import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { Finding, Path } from '../diagnostic.ts';
import { isMergeKey, keyText } from '../yaml/data.ts';
import type { ManifestDocument } from '../yaml/document.ts';

export interface Range {
  line: number;
  column: number;
  end_line: number;
  end_column: number;
}

/** Where things stand in a manifest's text. */
export interface Places {
  /** Of a key or a value; of the nearest thing above it that is there; of the first line when nothing is. */
  range(path: Path, at: Finding['at']): Range;
  /** Whether there is something at the path. */
  has(path: Path): boolean;
  /** Offsets of what fits a pattern first in a scalar as it was written; null: it is not to be seen there. */
  within(path: Path, pattern: RegExp): [start: number, end: number] | null;
  /** The text of a scalar as it was written (`2.40`), null for anything else. */
  source(path: Path): string | null;
}

export function createPlaces(document: ManifestDocument): Places {
  const pairs = new WeakMap<Node, Map<string, Pair>>();

  function resolved(node: unknown): Node | null {
    if (isAlias(node)) return document.targets.get(node) ?? null;
    return isMap(node) || isSeq(node) || isScalar(node) ? node : null;
  }

  function pairsOf(map: Node): Map<string, Pair> {
    const known = pairs.get(map);
    if (known) return known;
    const found = new Map<string, Pair>();
    pairs.set(map, found);
    if (!isMap(map)) return found;
    for (const pair of map.items) {
      if (isMergeKey(pair)) continue;
      const text = isScalar(pair.key) ? keyText(pair.key) : null;
      if (text !== null) found.set(text, pair);
    }
    for (const pair of map.items) {
      if (isMergeKey(pair))
        for (const [key, inherited] of mergedPairs(pair)) if (!found.has(key)) found.set(key, inherited);
    }
    return found;
  }

  function mergedPairs(pair: Pair): [string, Pair][] {
    const source = resolved(pair.value);
    const maps = isSeq(source) ? source.items.map(resolved) : [source];
    return maps.flatMap((map) => (map ? [...pairsOf(map)] : []));
  }

  /** The key and value nodes at a path, as far down as it exists. */
  function find(path: Path): { key: unknown; value: unknown; depth: number } {
    let here: { key: unknown; value: unknown; depth: number } = {
      key: null,
      value: document.contents,
      depth: 0,
    };
    for (const [index, part] of path.entries()) {
      const node = resolved(here.value);
      const pair = node && typeof part === 'string' ? pairsOf(node).get(part) : undefined;
      const item = typeof part === 'number' && isSeq(node) ? node.items[part] : undefined;
      if (pair) here = { key: pair.key, value: pair.value, depth: index + 1 };
      else if (item !== undefined) here = { key: item, value: item, depth: index + 1 };
      else break;
    }
    return here;
  }

  function range(path: Path, at: Finding['at']): Range {
    if (typeof at !== 'string') return between(at[0], at[1]);
    const found = find(path);
    const whole = found.depth === path.length && at === 'value';
    const node = whole ? (found.value ?? found.key) : found.key;
    const offsets = offsetsOf(node, document.text);
    if (!offsets) return { line: 1, column: 1, end_line: 1, end_column: 1 };
    const [start, end] = offsets;
    // a whole block for one wrong thing in it would be noise: its first line says where it is
    return between(start, whole && isScalar(node) ? end : firstLineEnd(document.text, start, end));
  }

  function between(start: number, end: number): Range {
    const from = document.lines.linePos(clamp(start));
    const to = document.lines.linePos(clamp(Math.max(start, end)));
    return {
      line: Math.max(1, from.line),
      column: Math.max(1, from.col),
      end_line: Math.max(1, to.line),
      end_column: Math.max(1, to.col),
    };
  }

  function clamp(offset: number): number {
    return Math.min(Math.max(0, offset), document.text.length);
  }

  function source(path: Path): string | null {
    const found = find(path);
    const node = resolved(found.value);
    return found.depth === path.length && isScalar(node) ? (node.source ?? null) : null;
  }

  function within(path: Path, pattern: RegExp): [number, number] | null {
    const found = find(path);
    const node = resolved(found.value);
    const offsets = found.depth === path.length && isScalar(node) ? offsetsOf(node, document.text) : null;
    const match = offsets === null ? null : pattern.exec(document.text.slice(...offsets));
    if (offsets === null || match === null) return null;
    const start = offsets[0] + match.index;
    return [start, start + match[0].length];
  }

  return { range, within, has: (path) => find(path).depth === path.length, source };
}

function offsetsOf(node: unknown, text: string): [number, number] | null {
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return null;
  if (!node.range) return null;
  const [start, end] = node.range;
  return [start, start + text.slice(start, end).trimEnd().length];
}

function firstLineEnd(text: string, start: number, end: number): number {
  const newline = text.indexOf('\n', start);
  return newline < 0 || newline > end ? end : start + text.slice(start, newline).trimEnd().length;
}
