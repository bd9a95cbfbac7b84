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
