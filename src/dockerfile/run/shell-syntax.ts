/** Something in a line that only a shell can do. */
export class NeedsShell extends Error {
  override readonly name = 'NeedsShell';
}

/** Commands in their order, each with what decides whether it runs. */
export type ShellList = { after: 'always' | 'success' | 'failure'; command: ShellCommand }[];

export type ShellCommand =
  /** Words as they are written. `output`: a file that is written. */
  | { kind: 'simple'; words: string[]; output: { word: string; appends: boolean } | null; isNot: boolean }
  | { kind: 'if'; branches: { condition: ShellList; body: ShellList }[]; otherwise: ShellList | null }
  | { kind: 'for'; name: string; words: string[]; body: ShellList }
  | { kind: 'case'; word: string; branches: { patterns: string[]; body: ShellList }[] }
  | { kind: 'group'; body: ShellList; isSubshell: boolean }
  | { kind: 'pipe'; commands: ShellCommand[] };

type Token =
  | { kind: 'word'; text: string }
  | { kind: 'output'; appends: boolean }
  | { kind: '&&' | '||' | '|' | ';' | '\n' | ';;' | '(' | ')' };

/** Output that goes nowhere, or to where the other goes. */
const NOWHERE =
  /^(?:[12]?>>?|&>>?)[ \t]*\/dev\/(?:null|stderr|stdout)(?=[\s;&|)]|$)|^(?:2>&1|1>&2|>&[12])(?=[\s;&|)]|$)/;

/**
 * The commands of a POSIX shell's line, as far as no substitution or function is among them.
 *
 * @throws NeedsShell for all else
 */
export function readShell(text: string): ShellList {
  const parser = new Parser(tokenize(text));
  const list = parser.list([]);
  parser.end();
  return list;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at, at + 80);
    const nowhere = NOWHERE.exec(rest);
    const sign = /^(?:&&|\|\||;;|[;\n()|])/.exec(rest)?.[0];
    const output = /^1?>>?(?![>&|(])/.exec(rest)?.[0];
    if (/^[ \t\r]/.test(rest)) at++;
    else if (rest.startsWith('\\\n')) at += 2;
    else if (rest.startsWith('#')) at = endOfLine(text, at);
    else if (nowhere !== null) at += nowhere[0].length;
    else if (sign !== undefined) {
      if (isSign(sign)) tokens.push({ kind: sign });
      at += sign.length;
    } else if (output !== undefined) {
      tokens.push({ kind: 'output', appends: output.endsWith('>>') });
      at += output.length;
    } else if (/^\d*[<>&]/.test(rest)) throw new NeedsShell(rest.slice(0, 2));
    else {
      const end = wordEnd(text, at);
      tokens.push({ kind: 'word', text: text.slice(at, end) });
      at = end;
    }
  }
  return tokens;
}

function isSign(sign: string): sign is '&&' | '||' | '|' | ';' | '\n' | ';;' | '(' | ')' {
  return sign !== '';
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

/** Where a word ends: at a blank or a sign outside of quotes and braces. */
function wordEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/[\s;&|()<>]/.test(text.charAt(at))) {
    const char = text.charAt(at);
    if (char === '`' || text.startsWith('$(', at)) throw new NeedsShell('$(…)');
    if (char === '\\') at += 2;
    else if (char === "'") at = closing(text, at, "'");
    else if (char === '"') at = endOfDouble(text, at);
    else if (text.startsWith('${', at)) at = closing(text, at + 1, '}');
    else at++;
  }
  return Math.min(at, text.length);
}

function closing(text: string, from: number, sign: string): number {
  const end = text.indexOf(sign, from + 1);
  if (end === -1) throw new NeedsShell(`without ${sign}`);
  return end + 1;
}

function endOfDouble(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '"') return at + 1;
    if (char === '`' || text.startsWith('$(', at)) throw new NeedsShell('$(…)');
    if (char === '\\') at++;
  }
  throw new NeedsShell('without "');
}

const RESERVED = new Set(
  'then else elif fi do done esac while until function select coproc time [[ }'.split(' '),
);

class Parser {
  #at = 0;
  readonly #tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw new NeedsShell('something is left');
  }

  #word(): string | null {
    const token = this.#tokens[this.#at];
    return token?.kind === 'word' ? token.text : null;
  }

  #take(kind: Token['kind']): boolean {
    const is = this.#tokens[this.#at]?.kind === kind;
    if (is) this.#at++;
    return is;
  }

  #need(word: string): void {
    if (this.#word() !== word) throw new NeedsShell(`without ${word}`);
    this.#at++;
  }

  #lines(): void {
    while (this.#take('\n') || this.#take(';'));
  }

  /** To the end, or to one of these words, or `)` and `;;`. */
  list(ends: readonly string[]): ShellList {
    const list: ShellList = [];
    let after: ShellList[number]['after'] = 'always';
    for (;;) {
      this.#lines();
      const token = this.#tokens[this.#at];
      const word = this.#word();
      if (
        token === undefined ||
        token.kind === ')' ||
        token.kind === ';;' ||
        (word !== null && ends.includes(word))
      )
        return list;
      list.push({ after, command: this.#pipeline() });
      if (this.#take('&&')) after = 'success';
      else if (this.#take('||')) after = 'failure';
      else after = 'always';
    }
  }

  #pipeline(): ShellCommand {
    const commands = [this.#command()];
    while (this.#take('|')) {
      this.#lines();
      commands.push(this.#command());
    }
    const [first] = commands;
    return commands.length === 1 && first !== undefined ? first : { kind: 'pipe', commands };
  }

  #command(): ShellCommand {
    const word = this.#word();
    if (word === 'if') return this.#if();
    if (word === 'for') return this.#for();
    if (word === 'case') return this.#case();
    if (word === '{') {
      this.#at++;
      const body = this.list(['}']);
      this.#need('}');
      return { kind: 'group', body, isSubshell: false };
    }
    if (this.#take('(')) {
      const body = this.list([]);
      if (!this.#take(')')) throw new NeedsShell('without )');
      return { kind: 'group', body, isSubshell: true };
    }
    if (word !== null && RESERVED.has(word)) throw new NeedsShell(word);
    return this.#simple();
  }

  #simple(): ShellCommand {
    const isNot = this.#word() === '!';
    if (isNot) this.#at++;
    const words: string[] = [];
    let output: { word: string; appends: boolean } | null = null;
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[this.#at]) {
      if (token.kind === 'word') words.push(token.text);
      else if (token.kind === 'output') {
        this.#at++;
        if (output !== null) throw new NeedsShell('> … >');
        output = { word: this.#word() ?? '', appends: token.appends };
        if (output.word === '') throw new NeedsShell('>');
      } else if (token.kind === '(') throw new NeedsShell('a function');
      else break;
      this.#at++;
    }
    if (words.length === 0) throw new NeedsShell('a command without words');
    return { kind: 'simple', words, output, isNot };
  }

  #if(): ShellCommand {
    const branches: { condition: ShellList; body: ShellList }[] = [];
    do {
      this.#at++;
      const condition = this.list(['then']);
      this.#need('then');
      branches.push({ condition, body: this.list(['elif', 'else', 'fi']) });
    } while (this.#word() === 'elif');
    const isElse = this.#word() === 'else';
    if (isElse) this.#at++;
    const otherwise = isElse ? this.list(['fi']) : null;
    this.#need('fi');
    return { kind: 'if', branches, otherwise };
  }

  #for(): ShellCommand {
    this.#at++;
    const name = this.#word() ?? '';
    this.#at++;
    this.#need('in');
    const words: string[] = [];
    for (let word = this.#word(); word !== null; word = this.#word()) {
      words.push(word);
      this.#at++;
    }
    this.#lines();
    this.#need('do');
    const body = this.list(['done']);
    this.#need('done');
    return { kind: 'for', name, words, body };
  }

  #case(): ShellCommand {
    this.#at++;
    const word = this.#word() ?? '';
    this.#at++;
    this.#lines();
    this.#need('in');
    const branches: { patterns: string[]; body: ShellList }[] = [];
    for (this.#lines(); this.#word() !== 'esac'; this.#lines()) {
      this.#take('(');
      const patterns: string[] = [];
      for (let pattern = this.#word(); pattern !== null; pattern = this.#word()) {
        patterns.push(pattern);
        this.#at++;
        if (!this.#take('|')) break;
      }
      if (!this.#take(')')) throw new NeedsShell('case');
      branches.push({ patterns, body: this.list(['esac']) });
      this.#take(';;');
    }
    this.#need('esac');
    return { kind: 'case', word, branches };
  }
}

/** What `set` has set. */
export interface ShellSettings {
  stopsAtFailure: boolean;
  refusesUnset: boolean;
}

/**
 * The settings after a `set` with these words: `-e`, `-u`, `-x`, and `-o pipefail` where the shell has it.
 *
 * @throws NeedsShell for any other
 */
export function readSettings(
  words: readonly string[],
  { stopsAtFailure, refusesUnset }: ShellSettings,
  isBash: boolean,
): ShellSettings {
  for (const [index, word] of words.entries()) {
    const isName = /^-\w*o$/.test(words[index - 1] ?? '');
    if (isName ? word !== 'pipefail' || !isBash : !/^-[exu]*o?$|^\+x$/.test(word))
      throw new NeedsShell('set');
  }
  if (words.length === 0 || /^-\w*o$/.test(words.at(-1) ?? '')) throw new NeedsShell('set');
  return {
    stopsAtFailure: stopsAtFailure || words.some((word) => /^-\w*e/.test(word)),
    refusesUnset: refusesUnset || words.some((word) => /^-\w*u/.test(word)),
  };
}

/**
 * What stands before a script: whose it is, and how it is read.
 *
 * @throws NeedsShell for another one than `sh` and `bash`, which may have other words for the same
 */
export function readShellWords({ words, script }: { words: readonly string[]; script: string | null }): {
  isBash: boolean;
  settings: ShellSettings;
} {
  const settings = { stopsAtFailure: false, refusesUnset: false };
  if (script === null) return { isBash: false, settings };
  const before = words.slice(0, words.lastIndexOf(script));
  const at = before.findLastIndex((word) => /(?:^|\/)(?:ba|da|a)?sh$/.test(word));
  if (at === -1) throw new NeedsShell(before[0] ?? '');
  const isBash = /bash$/.test(before[at] ?? '');
  const options = before
    .slice(at + 1)
    .map((word) => word.replace(/^-\w+/, (letters) => letters.replace(/[cli]/g, '')))
    .filter((word) => word !== '-' && word !== '--login' && word !== '--');
  return { isBash, settings: options.length === 0 ? settings : readSettings(options, settings, isBash) };
}

/** Words of the exec form, in quotes. */
export function literalCommand(words: readonly string[]): ShellCommand {
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  return { kind: 'simple', words: words.map(quote), output: null, isNot: false };
}
