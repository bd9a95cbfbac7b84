import * as z from 'zod';
import { OPERATOR_NAMES, type OperatorName } from '../../operators/name.ts';
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
  const homes: Path[] = [];
  const visit = (node: unknown, path: Path): void => {
    const inner = unwrap(node);
    if (inner instanceof z.ZodObject) {
      if (isPresent(inner.shape[key])) homes.push(path);
      for (const [name, child] of Object.entries(inner.shape)) visit(child, [...path, name]);
    }
    // inside lists and maps with free keys only what lies on the way can be named
    const part = from[path.length];
    const onTheWay = path.every((each, index) => each === from[index]);
    if (onTheWay && part !== undefined && (inner instanceof z.ZodRecord || inner instanceof z.ZodArray))
      visit(below(inner, part), [...path, part]);
  };
  visit(schema, []);
  return homes.sort((a, b) => distance(a, from) - distance(b, from));
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
