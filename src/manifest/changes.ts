import { isAlias, isCollection, isMap, isSeq, parse, parseDocument, type Document, type Node } from 'yaml';
import { AichorError } from '../errors.ts';

/** A value of the manifest that one submission changes: `spec.types.worker.count=4`. */
interface Change {
  /** As it was typed, for messages. */
  typed: string;
  path: (string | number)[];
  /** Undefined: the key is taken out. */
  value: unknown;
}

/**
 * The text of a manifest with some values changed (`spec.types.worker.count=4`, `spec.command=python train.py`); `null`
 * takes a key out, `[0]` names an item of a list. Comments and the order of keys stay. A text that is no YAML comes back
 * as it is: reading it says what is wrong. Throws AichorError `usage` for a change that cannot be made.
 */
export function withChanges(text: string, changes: readonly string[]): string {
  if (changes.length === 0) return text;
  const wanted = changes.map(readChange);
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  if (document.errors.length > 0 || !isMap(document.contents)) return text;
  for (const change of wanted) apply(document, change);
  return document.toString({ lineWidth: 0, flowCollectionPadding: /[{[] /.test(text) });
}

function readChange(typed: string): Change {
  const at = typed.indexOf('=');
  const path = at < 1 ? null : pathOf(typed.slice(0, at).trim());
  if (path === null) {
    throw new AichorError('usage', `--set ${JSON.stringify(typed)} is not PATH=VALUE`, {
      hint: 'for example --set spec.types.worker.count=4; PATH=null takes a key out',
    });
  }
  const value = valueOf(typed.slice(at + 1));
  return { typed, path, value: value === null ? undefined : value };
}

/** `spec.volumes[0].name` → its steps; null: it is no path. */
function pathOf(text: string): (string | number)[] | null {
  const steps: (string | number)[] = [];
  for (const part of text.split('.')) {
    const match = /^([^[\]\s]+)((?:\[\d{1,6}\])*)$/.exec(part);
    if (match === null) return null;
    steps.push(match[1] ?? '', ...[...(match[2] ?? '').matchAll(/\d+/g)].map(([index]) => Number(index)));
  }
  return steps;
}

/** As YAML reads it where it is a scalar, or a list or map in brackets; else the text as it stands (a command with a colon). */
function valueOf(text: string): unknown {
  try {
    const value: unknown = parse(text, { maxAliasCount: 0, logLevel: 'error', prettyErrors: false });
    const isPlain = typeof value !== 'object' || value === null;
    return isPlain || /^\s*[[{]/.test(text) ? value : text;
  } catch {
    return text;
  }
}

/** Steps that are not there yet are made; a list grows only by its next item. */
function apply(document: Document, { typed, path, value }: Change): void {
  let node: Node | null = document.contents;
  for (const [depth, step] of path.entries()) {
    if (isAlias(node) || (node !== null && !isCollection(node)))
      throw impossible(typed, path.slice(0, depth), isAlias(node) ? 'an alias' : 'no map');
    if (node === null) break;
    if (isSeq(node) && (typeof step !== 'number' || step > node.items.length))
      throw impossible(typed, path.slice(0, depth), `a list of ${node.items.length}`);
    const below: unknown = node.get(step, true);
    node = (below ?? null) as Node | null;
    const isEmpty = node !== null && 'value' in node && node.value === null;
    if (isEmpty && depth < path.length - 1) {
      document.deleteIn(path.slice(0, depth + 1));
      node = null;
    }
  }
  if (value === undefined) document.deleteIn(path);
  else document.setIn(path, document.createNode(value));
}

function impossible(typed: string, at: (string | number)[], what: string): AichorError {
  return new AichorError('usage', `--set ${typed}: ${at.join('.')} is ${what} in the manifest`, {
    hint: 'name a value below a map, or an item of a list as name[0]',
  });
}
