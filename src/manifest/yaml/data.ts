import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Finding, Path } from '../diagnostic.ts';
import { scalarValue } from './scalar.ts';

/** Values and keys after aliases are followed: more than any text of the permitted size holds without tricks. */
const MOST_NODES = 50_000;
/** A manifest has about ten levels; more would only wear out the stack. */
const DEEPEST = 50;
/** Of mistakes of one kind the first ones say it all. */
const MOST_OF_A_KIND = 300;
/** The one key that would reach into an object's inside in JavaScript. */
const UNSAFE_KEYS = new Set(['__proto__']);

export interface Data {
  /** Plain maps, lists, texts, numbers, booleans and nulls. */
  value: unknown;
  findings: Finding[];
  /** What each alias stands for. */
  targets: ReadonlyMap<Alias, Node>;
}

interface Walk {
  findings: Finding[];
  targets: Map<Alias, Node>;
  anchors: Map<string, { node: Node; value: unknown; nodes: number } | 'open'>;
  nodes: number;
  /** Keys that were there before. */
  twice: number;
}

class TooManyNodes extends Error {}

/**
 * A parsed document as plain data, in one linear walk: aliases and merge keys followed, keys that are there
 * twice and keys nobody may use found on the way.
 */
export function toData(contents: Node | null): Data {
  const walk: Walk = { findings: [], targets: new Map(), anchors: new Map(), nodes: 0, twice: 0 };
  try {
    return { value: valueOf(contents, [], walk), findings: walk.findings, targets: walk.targets };
  } catch (error) {
    if (!(error instanceof TooManyNodes)) throw error;
    const message = `the document grows to more than ${MOST_NODES} values when its aliases are followed`;
    walk.findings.push({
      code: 'alias-expansion',
      path: [],
      at: [0, 0],
      message,
      hint: 'write the repeated parts out',
    });
    return { value: null, findings: walk.findings, targets: walk.targets };
  }
}

function valueOf(node: unknown, path: Path, walk: Walk): unknown {
  spend(walk, 1);
  if (path.length > DEEPEST) return tooDeep(node, path, walk);
  if (isAlias(node)) return aliased(node, path, walk);
  if (isScalar(node)) return anchored(node, walk, () => scalarValue(node, path, walk.findings));
  if (isMap(node)) return anchored(node, walk, () => mapValue(node, path, walk));
  if (isSeq(node)) return anchored(node, walk, () => listValue(node, path, walk));
  return null;
}

function spend(walk: Walk, nodes: number): void {
  walk.nodes += nodes;
  if (walk.nodes > MOST_NODES) throw new TooManyNodes();
}

/** Remembers a node that has an anchor, with the number of values below it. */
function anchored(node: Scalar | YAMLMap | YAMLSeq, walk: Walk, read: () => unknown): unknown {
  if (node.anchor === undefined) return read();
  walk.anchors.set(node.anchor, 'open');
  const before = walk.nodes;
  const value = read();
  walk.anchors.set(node.anchor, { node, value, nodes: walk.nodes - before });
  return value;
}

function aliased(alias: Alias, path: Path, walk: Walk): unknown {
  const target = walk.anchors.get(alias.source);
  if (target === undefined || target === 'open') {
    const why =
      target === 'open'
        ? `*${alias.source} stands inside the value it refers to`
        : `there is no anchor &${alias.source} above`;
    const hint =
      target === 'open'
        ? 'write the value out'
        : `write &${alias.source} before the value that is meant, or quote the text`;
    walk.findings.push({ code: 'yaml-syntax', path, at: rangeOf(alias), message: why, hint });
    return null;
  }
  spend(walk, target.nodes);
  walk.targets.set(alias, target.node);
  return target.value;
}

function listValue(list: YAMLSeq, path: Path, walk: Walk): unknown[] {
  return list.items.map((item, index) => valueOf(item, [...path, index], walk));
}

function mapValue(map: YAMLMap, path: Path, walk: Walk): Record<string, unknown> {
  const own = new Map<string, unknown>();
  const merged = new Map<string, unknown>();
  for (const pair of map.items) {
    if (isMergeKey(pair)) {
      merge(valueOf(pair.value, path, walk), merged, walk);
      continue;
    }
    const key = keyOf(pair, path, walk);
    if (key === null) continue;
    if (own.has(key) && walk.twice++ < MOST_OF_A_KIND) walk.findings.push(twice(key, path, pair));
    own.set(key, valueOf(pair.value, [...path, key], walk));
  }
  return Object.fromEntries([...own, ...[...merged].filter(([key]) => !own.has(key))]);
}

/** `<<: *a` or `<<: [*a, *b]`: the first of several wins, keys of the map itself win over all. */
function merge(source: unknown, into: Map<string, unknown>, walk: Walk): void {
  for (const map of Array.isArray(source) ? source : [source]) {
    if (typeof map !== 'object' || map === null) continue;
    const entries = Object.entries(map);
    spend(walk, entries.length);
    for (const [key, value] of entries) if (!into.has(key)) into.set(key, value);
  }
}

export function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.source === '<<' && pair.key.type === 'PLAIN';
}

/** A key as text, as it was written; null (with a finding) for what cannot be one. */
function keyOf(pair: Pair, path: Path, walk: Walk): string | null {
  const { key } = pair;
  const text = isScalar(key) ? keyText(key) : null;
  if (text !== null && !UNSAFE_KEYS.has(text)) return text;
  const message = text === null ? 'this cannot be a key' : `"${text}" cannot be a key`;
  const hint =
    text === null
      ? 'a key is a word followed by a colon; quote "{{ … }}" and the like'
      : 'choose another name';
  const code = text === null ? 'yaml-syntax' : 'unsafe-key';
  walk.findings.push({ code, path, at: isNodeLike(key) ? rangeOf(key) : [0, 0], message, hint });
  return null;
}

/** The text of a scalar key: `8080` and `true` are words here. */
export function keyText(key: Scalar): string | null {
  if (typeof key.value === 'string') return key.value;
  return key.source !== undefined && key.source !== '' ? key.source : null;
}

function tooDeep(node: unknown, path: Path, walk: Walk): null {
  const at = isNodeLike(node) ? rangeOf(node) : ([0, 0] as const);
  const hint = 'a manifest has about ten levels';
  walk.findings.push({
    code: 'yaml-syntax',
    path: path.slice(0, 3),
    at,
    message: 'the document is nested too deeply',
    hint,
  });
  return null;
}

function twice(key: string, path: Path, pair: Pair): Finding {
  const at = isNodeLike(pair.key) ? rangeOf(pair.key) : ([0, 0] as const);
  return {
    code: 'duplicate-key',
    path: [...path, key],
    at,
    message: `the key "${key}" is there twice`,
    hint: 'keep one of them',
  };
}

function isNodeLike(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

function rangeOf(node: Node): readonly [number, number] {
  return node.range ? [node.range[0], node.range[1]] : [0, 0];
}
