/**
 * Puts variables into a text the way Docker does it: `$NAME`, `${NAME}`, `${NAME:-other}`, `${NAME:+other}`; quotes
 * are removed, nothing is put into single quotes, and `\$` is a dollar. A name without a value is empty.
 */
export function substitute(text: string, values: ReadonlyMap<string, string>): string {
  let out = '';
  let quote: string | null = null;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\\' && quote !== "'") {
      out += unescaped(text.charAt(++at), quote);
    } else if (char === quote) quote = null;
    else if (quote === null && (char === '"' || char === "'")) quote = char;
    else if (char === '$' && quote !== "'") {
      const found = variableAt(text, at, values);
      out += found.value;
      at = found.end - 1;
    } else out += char;
  }
  return out;
}

function unescaped(char: string, quote: string | null): string {
  return quote === '"' && !/["$\\]/.test(char) ? `\\${char}` : char;
}

/** The variable that begins at a `$`, and where the text goes on. */
export function variableAt(
  text: string,
  at: number,
  values: ReadonlyMap<string, string>,
): { value: string; end: number } {
  const plain = /^\$([A-Za-z_]\w*)/.exec(text.slice(at, at + 300));
  if (plain?.[1] !== undefined) return { value: values.get(plain[1]) ?? '', end: at + plain[0].length };
  const end = text[at + 1] === '{' ? closingBrace(text, at + 2) : -1;
  const inner = /^([A-Za-z_]\w*)(?:(:?[-+?])(.*))?$/s.exec(text.slice(at + 2, end));
  if (end === -1 || inner?.[1] === undefined) return { value: '$', end: at + 1 };
  return { value: braced(inner[1], inner, values), end: end + 1 };
}

function braced(
  name: string,
  [, , how = '', other = '']: RegExpExecArray,
  values: ReadonlyMap<string, string>,
): string {
  const value = values.get(name) ?? '';
  const isSet = how.startsWith(':') ? value !== '' : values.has(name);
  if (how.endsWith('-')) return isSet ? value : substitute(other, values);
  if (how.endsWith('+')) return isSet ? substitute(other, values) : '';
  return value;
}

function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return -1;
}
