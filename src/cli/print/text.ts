import { harmless } from '../../base/text/harmless.ts';

/** Text of unknown origin (a message, a label, an explanation) made safe to draw: one line, no escape codes. */
export function printable(text: string): string {
  return harmless(text.replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' ')).replaceAll('\t', ' ');
}

/** Below that, lines of single words would read worse than lines that the terminal breaks. */
const NARROWEST = 16;

/**
 * Text in lines that fit a screen of `width` columns beside what stands before it, which takes `indent` of them. A word that
 * is longer (a path) stays whole, so that it can be copied.
 */
export function hanging(text: string, indent: number, width: number): string {
  const room = Math.max(NARROWEST, width - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}
