/** Text of unknown origin on a terminal: it may not move the cursor, change what was written, or read backwards. */

/** Marks that reorder what is read, or show it from right to left. */
const BIDI = '\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069';
/** C0 but tab, newline, carriage return and escape; DEL; C1. */
const CONTROL = '\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f-\u009f';
/** Stands for what is not shown. */
const SYMBOL = '\ufffd';

const HARMFUL = new RegExp(`[\u001b${CONTROL}${BIDI}]`, 'g');
const HARMFUL_BUT_ESCAPE = new RegExp(`[${CONTROL}${BIDI}]`, 'g');

/** Every control character but tabs and newlines as a symbol; lines stay lines. */
export function harmless(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(HARMFUL, SYMBOL);
}

/**
 * JSON whose strings hold nothing that a terminal acts on: what JSON itself leaves as it is, C1 and marks of direction, is
 * written as `\uXXXX`. The document is the same.
 */
export function harmlessJson(json: string): string {
  return json.replace(
    JSON_LEAVES,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const JSON_LEAVES = new RegExp(`[\u007f-\u009f${BIDI}]`, 'g');

/** CSI, then OSC and the like with their texts, then any other sequence; an ESC alone. */
// oxlint-disable-next-line no-control-regex
const SEQUENCE =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|[ -/]*[0-~])?/g;
/** Colours and weights. */
// oxlint-disable-next-line no-control-regex
const STYLE = /^\u001b\[[\d;:]*m$/;

/** A line that a program printed, with its colours and returns to the start of the line, and without anything else. */
export function harmlessLine(text: string): string {
  const styled = text.replace(SEQUENCE, (sequence) => (STYLE.test(sequence) ? sequence : ''));
  return styled.replace(HARMFUL_BUT_ESCAPE, SYMBOL);
}
