/** A stretch of a line that looks the same. */
export interface Stretch {
  text: string;
  /** Names of styles: `fg-1`, `bg-12`, `bold`, … */
  styles: readonly string[];
  /** A colour that is none of the 16, as CSS; null: none. */
  color: string | null;
}

interface Look {
  fg: string | null;
  bg: string | null;
  color: string | null;
  marks: ReadonlySet<string>;
}

const PLAIN: Look = { fg: null, bg: null, color: null, marks: new Set() };
const ESCAPE =
  /\x1b(?:\[([0-9;:?<=>]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])|\x1b/g;
const MARKS: Readonly<Record<number, string>> = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  9: 'struck',
};

/**
 * A line as stretches: what it says of colours (SGR) is followed, every other command to a terminal is dropped. Characters that turn
 * the direction of what follows, or that nobody sees, are shown as what they are.
 */
export function stretchesOf(line: string): Stretch[] {
  const stretches: Stretch[] = [];
  let look = PLAIN;
  let from = 0;
  const add = (text: string) => {
    if (text === '') return;
    const styles = [...look.marks, ...[look.fg, look.bg].filter((each) => each !== null)];
    stretches.push({ text: visible(text), styles, color: look.color });
  };
  for (const match of line.matchAll(ESCAPE)) {
    add(line.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') look = after(look, match[1] ?? '');
  }
  add(line.slice(from));
  return stretches;
}

/** What a terminal shows of a line that went back to its start again and again (a progress bar). */
export function lastState(line: string): string {
  if (!line.includes('\r')) return line;
  return line.split('\r').findLast((part) => part.trim() !== '') ?? '';
}

/** Without any command to a terminal: what is copied, and searched for. */
export function plainText(line: string): string {
  return stretchesOf(line)
    .map(({ text }) => text)
    .join('');
}

function after(look: Look, parameters: string): Look {
  const codes = parameters.split(/[;:]/).map(Number);
  let next = look;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const [color, used] = extended(codes.slice(at + 1));
      if (code === 38) next = { ...next, ...color };
      at += used;
    } else next = simple(next, code);
  }
  return next;
}

function simple(look: Look, code: number): Look {
  const mark = MARKS[code];
  if (code === 0) return PLAIN;
  if (mark !== undefined) return { ...look, marks: new Set([...look.marks, mark]) };
  if (code >= 22 && code <= 29) return { ...look, marks: without(look.marks, code) };
  if (code >= 30 && code <= 37) return { ...look, fg: `fg-${code - 30}`, color: null };
  if (code >= 90 && code <= 97) return { ...look, fg: `fg-${code - 82}`, color: null };
  if (code === 39) return { ...look, fg: null, color: null };
  if (code >= 40 && code <= 47) return { ...look, bg: `bg-${code - 40}` };
  if (code >= 100 && code <= 107) return { ...look, bg: `bg-${code - 92}` };
  return code === 49 ? { ...look, bg: null } : look;
}

function without(marks: ReadonlySet<string>, code: number): ReadonlySet<string> {
  const ended = code === 22 ? ['bold', 'dim'] : [MARKS[code - 20] ?? ''];
  return new Set([...marks].filter((mark) => !ended.includes(mark)));
}

/** A colour of 256, or of all; and how many codes it took. */
function extended([kind, a, b, c]: readonly number[]): [Partial<Look>, number] {
  if (kind === 5) return [palette(a ?? 0), 2];
  if (kind === 2) return [{ fg: null, color: `rgb(${[a, b, c].map(byte).join(' ')})` }, 4];
  return [{}, 1];
}

function palette(number: number): Partial<Look> {
  if (number < 16) return { fg: `fg-${number}`, color: null };
  if (number >= 232) {
    const grey = 8 + (number - 232) * 10;
    return { fg: null, color: `rgb(${[grey, grey, grey].map(byte).join(' ')})` };
  }
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const at = number - 16;
  const parts = [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map(level);
  return { fg: null, color: `rgb(${parts.map(byte).join(' ')})` };
}

function byte(value: number | undefined): number {
  return Math.min(255, Math.max(0, Math.trunc(Number(value) || 0)));
}

/** Controls as their pictures; what turns text around as its number. */
function visible(text: string): string {
  return text
    .replace(/[\x00-\x08\x0b-\x1f]/g, (sign) => String.fromCharCode(0x2400 + sign.charCodeAt(0)))
    .replace(/[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (sign) => {
      return `⟨${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`;
    });
}
