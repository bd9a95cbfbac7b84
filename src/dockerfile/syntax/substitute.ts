import { DEEPEST_SUBSTITUTION, LONGEST_VALUE, MOST_STEPS } from '../limits.ts';

/** A text that BuildKit refuses: quotes or braces that do not end, a modifier that it does not know, `${X:?}`. */
export class InvalidWord extends Error {
  override readonly name = 'InvalidWord';
}

export type Values = ReadonlyMap<string, string>;

export interface SubstituteOptions {
  /** `\`, or what `# escape=` says. */
  escape?: string;
  /** Quotes are text: in the contents of a heredoc. */
  plainQuotes?: boolean;
}

/**
 * Puts variables into a text by BuildKit's rules: `$NAME`, `${NAME:-other}`, `${NAME%.*}`, `${NAME/a/b}`; quotes are
 * removed, nothing is put into single quotes, the escape character takes the meaning from what follows it. A name
 * without a value is empty.
 *
 * @throws InvalidWord where BuildKit refuses the text
 */
export function substitute(text: string, values: Values, options: SubstituteOptions = {}): string {
  const { escape = '\\', plainQuotes = false } = options;
  return new Reader(text, { values, escape, plainQuotes }).read(null, false, false);
}

interface Place {
  values: Values;
  escape: string;
  plainQuotes: boolean;
}

class Reader {
  #at = 0;
  #depth = 0;
  readonly #text: string;
  readonly #place: Place;

  constructor(text: string, place: Place) {
    this.#text = text;
    this.#place = place;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #next(): string {
    return this.#text.charAt(this.#at++);
  }

  /**
   * Reads to a character or (null) to the end. `raw`: escapes stay, as a pattern needs them; `doubled`: those in
   * quotes are doubled, so that they stand for themselves in a pattern.
   */
  read(stop: string | null, raw: boolean, doubled: boolean): string {
    let out = '';
    while (this.#at < this.#text.length) {
      const char = this.#peek();
      if (char === stop) {
        this.#at++;
        return out;
      }
      if (char === '$') out += this.#dollar();
      else if (char === "'" && !this.#place.plainQuotes) out += this.#single(doubled);
      else if (char === '"' && !this.#place.plainQuotes) out += this.#double(raw, doubled);
      else if (this.#next() === this.#place.escape) out += (raw ? this.#place.escape : '') + this.#next();
      else out += char;
      if (out.length > LONGEST_VALUE)
        throw new InvalidWord(`longer than ${LONGEST_VALUE} characters with its variables put in`);
    }
    if (stop !== null)
      throw new InvalidWord(`unexpected end of statement while looking for matching ${stop}`);
    return out;
  }

  #single(doubled: boolean): string {
    this.#at++;
    const end = this.#text.indexOf("'", this.#at);
    if (end === -1) throw unended('single-quote');
    const inner = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    const { escape } = this.#place;
    return doubled ? inner.replaceAll(escape, escape + escape) : inner;
  }

  #double(raw: boolean, doubled: boolean): string {
    this.#at++;
    const { escape } = this.#place;
    let out = '';
    for (;;) {
      if (this.#at >= this.#text.length) throw unended('double-quote');
      if (this.#peek() === '"') {
        this.#at++;
        return out;
      }
      if (this.#peek() === '$') {
        out += this.#dollar();
        continue;
      }
      const char = this.#next();
      if (char !== escape) {
        out += char;
        continue;
      }
      const escaped = this.#peek();
      if (escaped === '') continue;
      const isEscape = escaped === '"' || escaped === '$' || escaped === escape;
      out += isEscape ? (raw ? escape : '') + this.#next() : (raw || doubled ? escape : '') + escape;
    }
  }

  #dollar(): string {
    if (this.#depth >= DEEPEST_SUBSTITUTION)
      throw new InvalidWord(`variables nested more than ${DEEPEST_SUBSTITUTION} deep`);
    this.#depth++;
    const value = this.#variable();
    this.#depth--;
    return value;
  }

  #variable(): string {
    this.#at++;
    const { values } = this.#place;
    if (this.#peek() !== '{') {
      const name = this.#name();
      return name === '' ? '$' : (values.get(name) ?? '');
    }
    this.#at++;
    if (this.#peek() === '') throw new InvalidWord("syntax error: missing '}'");
    if (/[{}:]/.test(this.#peek())) throw new InvalidWord('syntax error: bad substitution');
    const name = this.#name();
    const sign = this.#next();
    if (sign === '}') return values.get(name) ?? '';
    if (sign === '/') return this.#replaced(values.get(name) ?? '');
    const ifEmpty = sign === ':';
    return this.#modified(name, ifEmpty ? this.#next() : sign, ifEmpty);
  }

  #modified(name: string, sign: string, ifEmpty: boolean): string {
    const isPattern = sign === '#' || sign === '%';
    const unknown = () =>
      new InvalidWord(`unsupported modifier (${ifEmpty ? ':' : ''}${sign}) in substitution`);
    if (!/^[-+?#%]$/.test(sign) || (ifEmpty && isPattern)) throw unknown();
    const word = this.#closed(isPattern);
    const value = this.#place.values.get(name);
    const isSet = value !== undefined && !(ifEmpty && value === '');
    switch (sign) {
      case '-':
        return isSet ? value : word;
      case '+':
        return isSet ? word : '';
      case '?':
        if (isSet) return value;
        throw new InvalidWord(
          `${name}: ${word || `is not allowed to be ${value === '' ? 'empty' : 'unset'}`}`,
        );
      default: {
        const greedy = word.startsWith(sign);
        const pattern = greedy ? word.slice(1) : word;
        assertQuick(value ?? '', pattern, sign === '%' ? 2 : 1);
        return sign === '%' ? trimEnd(value ?? '', pattern, greedy) : trimStart(value ?? '', pattern, greedy);
      }
    }
  }

  #closed(raw: boolean): string {
    try {
      return this.read('}', raw, raw);
    } catch (error) {
      if (this.#at >= this.#text.length && error instanceof InvalidWord)
        throw new InvalidWord("syntax error: missing '}'", { cause: error });
      throw error;
    }
  }

  #replaced(value: string): string {
    const all = this.#peek() === '/';
    if (all) this.#at++;
    const pattern = this.read('/', true, true);
    const replacement = this.read('}', true, false);
    assertQuick(value, pattern, 2);
    const expression = toRegExp(pattern, true, '');
    // The first match, or all; the replacement is text.
    return all
      ? value.replaceAll(new RegExp(expression, 'gs'), () => replacement)
      : value.replace(expression, () => replacement);
  }

  #name(): string {
    const rest = this.#text.slice(this.#at);
    const name = /^(?:\d+|[@*#?\-$!]|[\p{L}_][\p{L}\p{Nd}_]*)/u.exec(rest)?.[0] ?? '';
    this.#at += name.length;
    return name;
  }
}

function unended(what: string): InvalidWord {
  return new InvalidWord(`unexpected end of statement while looking for matching ${what}`);
}

/** Each `*` of a pattern may be tried at every place of the value, from each place that it is looked for. */
function assertQuick(value: string, pattern: string, places: number): void {
  const stars = pattern.split('*').length - 1;
  if (value.length ** (stars + places) <= MOST_STEPS || stars === 0) return;
  throw new InvalidWord(
    `the pattern ${pattern.slice(0, 40)} would take too long in ${value.length} characters`,
  );
}

function trimStart(value: string, pattern: string, greedy: boolean): string {
  const found = toRegExp(pattern, greedy, '^').exec(value);
  return found === null ? value : value.slice(found[0].length);
}

/** The shortest match at the end cannot be looked for from the front: of those that reach the end, the last or the first. */
function trimEnd(value: string, pattern: string, greedy: boolean): string {
  const whole = new RegExp(`^(?:${toRegExp(pattern, true, '').source})$`, 's');
  const starts = Array.from({ length: value.length + 1 }, (_, index) => index);
  for (const start of greedy ? starts : starts.reverse()) {
    if (whole.test(value.slice(start))) return value.slice(0, start);
  }
  return value;
}

/** A shell's pattern without brackets: `*`, `?`, and `\` before them. */
function toRegExp(pattern: string, greedy: boolean, anchor: string): RegExp {
  let source = anchor;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (char === '*') source += greedy ? '.*' : '.*?';
    else if (char === '?') source += '.';
    else if (char === '\\') {
      const next = pattern.charAt(++at);
      if (next === '}' || next === '/') source += next === '/' ? '\\/' : '\\}';
      else if (/^[*?\\]$/.test(next)) source += `\\${next}`;
      else throw new InvalidWord(`invalid pattern (${pattern}) in substitution: invalid escape '\\${next}'`);
    } else source += char.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  }
  return new RegExp(source, 's');
}
