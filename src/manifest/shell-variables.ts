/** What a shell's command line does with variables, as far as it can be told without running it. */
export interface ShellVariables {
  /** Names that it reads and that have to come from somewhere, in their order. */
  used: ReadonlySet<string>;
  /** Names that it gives a value itself, wherever it does so. */
  given: ReadonlySet<string>;
  /** It may set any variable (`source`, `eval`), or cannot be followed: then nothing is known of what it lacks. */
  isOpen: boolean;
}

/** Whatever these run may set variables of the same shell. */
const OPENS =
  /(?:^|[\s;&|({])(?:source|eval|set -[a-zA-Z]{0,9}a|set -o allexport|conda activate|module load)\b|(?:^|[;&|({\n])[ \t]*\.[ \t]+\S|\bexport\s+["']?[$`]/;

/** Reads a command line for bash. Pure text: nothing is run, and no variable has a value. */
export function shellVariables(command: string): ShellVariables {
  const text = withoutHeredocs(command);
  const reader = new UseReader(text);
  const isWhole = reader.read();
  // A pattern of `case` has a bracket that nothing opened: within a substitution it cannot be told from that one's end.
  const isUnclear = /\bcase\s/.test(text) && /\$\(|`/.test(text);
  const isOpen = !isWhole || isUnclear || OPENS.test(text);
  return { used: reader.used, given: givenNames(command), isOpen };
}

/** Contents of heredocs are another program's text: what they read is not looked at. */
function withoutHeredocs(text: string): string {
  const kept: string[] = [];
  let ends: string[] = [];
  for (const line of text.split('\n')) {
    if (ends.length > 0) {
      if (line.trim() === ends[0]) ends = ends.slice(1);
      continue;
    }
    kept.push(line);
    const words = line.matchAll(/(?<!<)<<-?[ \t]*["'\\]?([A-Za-z_]\w*)/g);
    ends = [...words].map(([, word = '']) => word);
  }
  return kept.join('\n');
}

interface Context {
  /** What it ends with; null: the line itself. */
  end: ')' | '"' | '`' | '}' | null;
  /** In double quotes a single quote is text. */
  isQuoted: boolean;
  /** Only read when another variable is not set, or is: nothing is missing without it. */
  isSpare: boolean;
}

const BRACED = /\$\{([#!]?)([A-Za-z_]\w*)?(?:\[[^\]$}]*\])?(:?[-+=?])?/y;
const PLAIN = /\$([A-Za-z_]\w*)/y;
/** `$(NAME)`, which is replaced before any shell sees it, between quotes of either kind. */
const REPLACED = /\$\(([A-Z_][A-Z0-9_]*)\)/y;

class UseReader {
  readonly used = new Set<string>();
  readonly #text: string;
  readonly #stack: Context[] = [{ end: null, isQuoted: false, isSpare: false }];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** False: quotes or brackets do not end. */
  read(): boolean {
    while (this.#at < this.#text.length) if (!this.#step()) return false;
    return this.#stack.length === 1;
  }

  get #here(): Context {
    return this.#stack.at(-1) ?? { end: null, isQuoted: false, isSpare: false };
  }

  #step(): boolean {
    const char = this.#text.charAt(this.#at);
    const { end, isQuoted } = this.#here;
    if (char === '\\') this.#at += 2;
    else if (char === '$') return this.#dollar();
    else if (char === end) {
      this.#stack.pop();
      this.#at++;
    } else if (char === '"' || char === '`') this.#open(char, 1, { isQuoted: char === '"' });
    else if (char === "'" && !isQuoted) return this.#skipTo("'", 1);
    else if (char === '(' && end === ')') this.#open(')', 1, { isQuoted: false });
    else if (char === '#' && !isQuoted && end !== '}' && this.#isWordStart()) this.#comment();
    else this.#at++;
    return true;
  }

  #isWordStart(): boolean {
    return this.#at === 0 || /[\s;&|(]/.test(this.#text.charAt(this.#at - 1));
  }

  #comment(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end === -1 ? this.#text.length : end;
  }

  #open(end: Context['end'], length: number, how: { isQuoted: boolean; isSpare?: boolean }): void {
    const isSpare = this.#here.isSpare || how.isSpare === true;
    this.#stack.push({ end, isQuoted: how.isQuoted, isSpare });
    this.#at += length;
  }

  #skipTo(sign: string, from: number): boolean {
    const end = this.#text.indexOf(sign, this.#at + from);
    this.#at = end + 1;
    return end !== -1;
  }

  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at;
    return expression.exec(this.#text);
  }

  #use(name: string | undefined): void {
    if (name !== undefined && !this.#here.isSpare) this.used.add(name);
  }

  #dollar(): boolean {
    const { isQuoted } = this.#here;
    const next = this.#text.charAt(this.#at + 1);
    if (next === "'" && !isQuoted) return this.#ansiString();
    if (next === '{') return this.#braced();
    const replaced = this.#match(REPLACED);
    const plain = this.#match(PLAIN);
    if (replaced !== null) {
      this.#use(replaced[1]);
      this.#at += replaced[0].length;
    } else if (next === '(') this.#open(')', 2, { isQuoted: false });
    else if (plain !== null) {
      this.#use(plain[1]);
      this.#at += plain[0].length;
    } else this.#at += /[\d@*#?$!-]/.test(next) ? 2 : 1;
    return true;
  }

  /** A default says itself what happens when the variable is not set, and its words count then only. */
  #braced(): boolean {
    const [whole = '', sign = '', name, otherwise] = this.#match(BRACED) ?? [];
    if (sign !== '!' && otherwise === undefined) this.#use(name);
    const { isQuoted } = this.#here;
    this.#open('}', Math.max(whole.length, 2), { isQuoted, isSpare: otherwise !== undefined });
    return true;
  }

  #ansiString(): boolean {
    for (this.#at += 2; this.#at < this.#text.length; this.#at++) {
      const char = this.#text.charAt(this.#at);
      if (char === '\\') this.#at++;
      else if (char === "'") {
        this.#at++;
        return true;
      }
    }
    return false;
  }
}

/**
 * Wherever it may be an assignment it is taken for one, in quotes too (`bash -c 'X=1; …'`). `X=$X` gives no value that was
 * not there.
 */
const ASSIGNED =
  /(?<![\w$.{/-])([A-Za-z_]\w*)(?:\[[^\]\n]{0,99}\])?[-+*/%|&]?=(?!["']?\$(?:\1|\{\1\})["']?(?=[\s;&|)]|$))/g;
/** Builtins of which each plain word may be a variable that gets a value. */
const NAMING =
  /\b(?:for|select|read|mapfile|readarray|getopts|declare|local|typeset|readonly|let|unset|printf\s+-v|wait\s+-p|coproc)\b([^;&|<\n)]*)/g;
const OTHERS =
  /\$\{([A-Za-z_]\w*):?=|\(\(\s*([A-Za-z_]\w*)|(?<!\w)([A-Za-z_]\w*)(?:\+\+|--)|\bexec\s+\{([A-Za-z_]\w*)\}/g;

function givenNames(command: string): Set<string> {
  const names = new Set<string>();
  for (const [, name = ''] of command.matchAll(ASSIGNED)) names.add(name);
  for (const [, words = ''] of command.matchAll(NAMING))
    for (const [word] of words.matchAll(/(?<![\w$.{/-])[A-Za-z_]\w*/g)) names.add(word);
  for (const [, ...found] of command.matchAll(OTHERS))
    for (const name of found) if (typeof name === 'string') names.add(name);
  return names;
}
