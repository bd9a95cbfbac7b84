import { isMap, isPair, isScalar, isSeq, type Node } from 'yaml';

/** A quote or bracket that is opened and never closed, or closed too late to count. */
export interface Unclosed {
  /** Where it is opened. */
  start: number;
  kind: 'quote' | 'bracket';
}

/** Quotes and brackets that a broken document leaves open, in the order of the text. */
export function unclosedIn(contents: Node | null, text: string): Unclosed[] {
  const found: Unclosed[] = [];
  const open: unknown[] = [contents];
  while (open.length > 0) {
    const node = open.pop();
    if (isPair(node)) open.push(node.key, node.value);
    else if (isScalar(node)) {
      const quoted = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE';
      if (quoted && node.range && !endsWith(text, node.range, text.charAt(node.range[0])))
        found.push({ start: node.range[0], kind: 'quote' });
    } else if (isMap(node) || isSeq(node)) {
      if (node.flow === true && node.range && !endsWith(text, node.range, isMap(node) ? '}' : ']'))
        found.push({ start: node.range[0], kind: 'bracket' });
      for (const item of node.items) open.push(item);
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

function endsWith(text: string, [start, end]: readonly [number, number, number], last: string): boolean {
  return end - start > 1 && text.charAt(end - 1) === last;
}
