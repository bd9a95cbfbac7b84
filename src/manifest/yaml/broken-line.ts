/** What is wrong, and what to do about it. */
export interface Words {
  message: string;
  hint: string;
}

/** Lines that break YAML in a way one can tell by looking at them; null for every other line. */
export function brokenLine(line: string): Words | null {
  if (/^(<{7}|={7}|>{7}|\|{7})(\s|$)/.test(line))
    return {
      message: 'a conflict of a merge was left here',
      hint: 'keep one of the two versions, and remove the lines with the marks',
    };
  const [odd] = /^\s*/.exec(line)?.[0].match(/[^ \t\r]/) ?? [];
  if (odd !== undefined)
    return {
      message: `a blank of another kind (${codePoint(odd)}) indents this line`,
      hint: 'it came with copied text: delete the indentation and type it again',
    };
  return null;
}

/** A line without "key: value" where one is expected; `above` is the line before it. */
export function lineWithoutColon(line: string, above: string): Words {
  const content = line.trim();
  if (/(^|\s)[|>][-+\d]*\s*(#.*)?$/.test(above))
    return {
      message: 'this line is not indented deeper than the key of the text it belongs to',
      hint: 'indent every line of the text by two spaces more',
    };
  const [, key, value] = /^([\w.-]+):(\S.*)$/.exec(content) ?? [];
  if (key !== undefined && value !== undefined)
    return {
      message: 'there is no blank after the colon',
      hint: `write "${short(`${key}: ${value}`)}"`,
    };
  const word = /^[\w.-]+/.exec(content)?.[0];
  return {
    message: 'this line has no colon, so it is neither a key nor a part of one',
    hint:
      word === undefined
        ? 'remove it, or write "# " in front of a comment'
        : `write "${short(word)}: …", or "# " in front of a comment`,
  };
}

/** A line indented deeper than the one above, which has a value already; `above` is that line. */
export function lineTooDeep(above: string): Words {
  const message = 'this line is indented deeper than the key above, which has a value already';
  if (/^\s*-[^\s-]/.test(above)) return { message, hint: 'write a blank after the dash above' };
  return { message, hint: 'give it the indentation of the keys it belongs to' };
}

function codePoint(character: string): string {
  const digits = character.codePointAt(0)?.toString(16).toUpperCase() ?? '';
  return `U+${digits.padStart(4, '0')}`;
}

function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
