/** East Asian wide and emoji: two columns of a terminal. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u;
/** Combining marks, joiners and variation selectors: none. */
const NARROW = /[\p{Mn}\p{Me}\u200b-\u200f\ufe00-\ufe0f]/u;

/** As our own printing begins and ends them; what others write of the kind is shown as text. */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');

/** Columns of a terminal that a character takes: 0, 1 or 2. */
export function columnsOf(character: string): number {
  if (NARROW.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Columns of a terminal that a text takes, without its colours. */
export function columnsOfText(text: string): number {
  let columns = 0;
  for (const character of text.replaceAll(COLOURS, '')) columns += columnsOf(character);
  return columns;
}

/** The start of a text that fits into so many columns. The text holds no control characters. */
export function cutToColumns(text: string, columns: number): string {
  let width = 0;
  let end = 0;
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns) return text.slice(0, end);
    end += character.length;
  }
  return text;
}
