import * as z from 'zod';
import { OPERATOR_NAMES, type OperatorName } from '../../operators/table.ts';
import type { Path } from '../diagnostic.ts';
import { DOCUMENTS, documentOfAnyOperator } from './document.ts';

export function documentSchema(operator: OperatorName | null) {
  return operator === null ? documentOfAnyOperator() : DOCUMENTS[operator]();
}

/** The keys that a map at this path may have; null where there is no map, or one with free keys. */
export function keysAt(schema: z.ZodType, path: Path): string[] | null {
  let here: unknown = unwrap(schema);
  for (const part of path) here = unwrap(below(here, part));
  return here instanceof z.ZodObject ? Object.keys(here.shape) : null;
}

/** Where in the document a key of this name belongs: the paths of the maps that have it, nearest to `from` first. */
export function homesOf(schema: z.ZodType, key: string, from: Path): Path[] {
  return mapsOf(schema)
    .filter(({ keys }) => keys.has(key))
    .flatMap(({ path }) => located(path, from) ?? [])
    .sort((a, b) => distance(a, from) - distance(b, from));
}

/** Stands in a path for any entry of a list, or any key of a map with free keys. */
const ANY = null;
type Pattern = readonly (string | typeof ANY)[];

interface KeyedMap {
  path: Pattern;
  keys: ReadonlySet<string>;
}

const known = new WeakMap<z.ZodType, KeyedMap[]>();

/** Every map of a schema with its keys, those left out that are there for the sake of earlier manifests only. */
function mapsOf(schema: z.ZodType): KeyedMap[] {
  const before = known.get(schema);
  if (before) return before;
  const maps: KeyedMap[] = [];
  const visit = (node: unknown, path: Pattern): void => {
    const inner = unwrap(node);
    if (inner instanceof z.ZodObject) {
      const entries = Object.entries(inner.shape);
      maps.push({
        path,
        keys: new Set(entries.filter(([, child]) => isPresent(child)).map(([name]) => name)),
      });
      for (const [name, child] of entries) visit(child, [...path, name]);
    } else if (inner instanceof z.ZodRecord) visit(inner.valueType, [...path, ANY]);
    else if (inner instanceof z.ZodArray) visit(inner.element, [...path, ANY]);
  };
  visit(schema, []);
  known.set(schema, maps);
  return maps;
}

/** A pattern as a path: inside lists and maps with free keys only what lies on the way can be named. */
function located(pattern: Pattern, from: Path): [Path] | null {
  const lastAny = pattern.lastIndexOf(ANY);
  const path: (string | number)[] = [];
  for (const [index, part] of pattern.entries()) {
    const here = part ?? from[index];
    if (here === undefined || (index <= lastAny && here !== from[index])) return null;
    path.push(here);
  }
  return [path];
}

/** Operators in which the map at this path has the key. */
export function operatorsWith(key: string, path: Path): OperatorName[] {
  return OPERATOR_NAMES.filter((name) => keysAt(DOCUMENTS[name](), path)?.includes(key));
}

/** A key that is there, and not only for the sake of earlier manifests. */
function isPresent(child: unknown): boolean {
  return child instanceof z.ZodType && z.globalRegistry.get(child)?.deprecated !== true;
}

function below(node: unknown, part: string | number): unknown {
  if (node instanceof z.ZodObject && typeof part === 'string')
    return Object.hasOwn(node.shape, part) ? node.shape[part] : undefined;
  if (node instanceof z.ZodRecord) return node.valueType;
  if (node instanceof z.ZodArray) return node.element;
  return undefined;
}

/** What an optional key holds; of several forms the one that is a map. */
function unwrap(node: unknown): unknown {
  if (node instanceof z.ZodOptional || node instanceof z.ZodNullable) return unwrap(node.unwrap());
  if (node instanceof z.ZodUnion)
    return node.options.map(unwrap).find((option: unknown) => option instanceof z.ZodObject);
  return node;
}

/** Steps up and down between two places of the tree; going down is nearer than going up. */
function distance(to: Path, from: Path): number {
  let shared = 0;
  while (shared < to.length && shared < from.length && to[shared] === from[shared]) shared++;
  return (from.length - shared) * 1.5 + (to.length - shared);
}
