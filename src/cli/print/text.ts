/** C0 (but tab), DEL and C1: they could move the cursor, change colours or end a line inside a table. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/g;

/** Text of unknown origin (a message, a label, an explanation) made safe to draw: one line, no escape codes. */
export function printable(text: string): string {
  return text
    .replace(/\s*[\r\n]+\s*/g, ' ')
    .replace(CONTROL, '�')
    .replaceAll('\t', ' ');
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
