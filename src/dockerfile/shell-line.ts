import { imagePath } from './image-path.ts';
import { isComputed, tokenize, type ShellCommand, type ShellToken } from './shell-words.ts';

/** What is there while a line is read: variables, and the files of the image so far. */
export interface ShellPlace {
  values: ReadonlyMap<string, string>;
  folder: string;
  isThere: (path: string) => boolean;
}

/** Words that only shape a line; what stands between them is read as if it ran. */
const SHAPING = new Set(['then', 'do', 'done', 'fi', '{', '}', 'time', 'exec', 'command', 'sudo']);

/**
 * The simple commands of a shell line in order. Of an `if` whose condition asks for a file (`[ -f x ]`) only the
 * branch that the image takes; of any other the first.
 */
export function shellCommands(line: string, place: ShellPlace): ShellCommand[] {
  const commands: ShellCommand[] = [];
  // One entry for each `if` that is open: whether its present branch is read, and whether one was.
  const branches: { reads: boolean; taken: boolean; outer: boolean }[] = [];
  for (const tokens of splitAtSeparators(tokenize(line, place.values))) {
    let rest = tokens;
    let isCondition = false;
    for (let word = keyword(rest); word !== null; word = keyword(rest)) {
      const outer = branches.at(-1)?.reads ?? true;
      if (word === 'if') branches.push({ reads: outer, taken: false, outer });
      if (word === 'if' || word === 'elif' || word === 'while' || word === 'until') isCondition = true;
      if (word === 'else') takeElse(branches.at(-1));
      if (word === 'fi') branches.pop();
      rest = rest.slice(1);
    }
    const command = toCommand(rest);
    const branch = branches.at(-1);
    if (isCondition && branch !== undefined) decide(branch, holds(command.words, place));
    else if (command.words.length > 0 && (branch?.reads ?? true)) commands.push(command);
  }
  return commands;
}

function keyword(tokens: readonly ShellToken[]): string | null {
  const first = tokens[0];
  if (first?.kind !== 'word' || first.quoted) return null;
  const isKeyword = SHAPING.has(first.text) || /^(if|elif|else|while|until)$/.test(first.text);
  return isKeyword ? first.text : null;
}

function decide(branch: { reads: boolean; taken: boolean; outer: boolean }, condition: boolean): void {
  branch.reads = branch.outer && !branch.taken && condition;
  branch.taken ||= condition;
}

function takeElse(branch: { reads: boolean; taken: boolean; outer: boolean } | undefined): void {
  if (branch !== undefined) decide(branch, true);
}

/** `[ -f x ]`, `test -e x`, `[[ -d x ]]`, and `!` before them; what cannot be told counts as true. */
function holds(words: readonly string[], place: ShellPlace): boolean {
  const inner = words.filter((word) => !/^(\[\[?|\]\]?|test)$/.test(word));
  const isNot = inner[0] === '!';
  const [how, path, ...more] = isNot ? inner.slice(1) : inner;
  if (path === undefined || more.length > 0 || !/^-[efdrs]$/.test(how ?? '')) return true;
  return place.isThere(imagePath(place.folder, path)) !== isNot;
}

function splitAtSeparators(tokens: readonly ShellToken[]): ShellToken[][] {
  const parts: ShellToken[][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'separator') parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

/** Without assignments in front (`A=1 pip install x`) and without redirections. */
function toCommand(tokens: readonly ShellToken[]): ShellCommand {
  const words: string[] = [];
  let output: string | null = null;
  let redirect: { isOutput: boolean } | null = null;
  for (const token of tokens) {
    if (token.kind === 'redirect') redirect = token;
    else if (token.kind === 'word' && redirect !== null) {
      if (redirect.isOutput) output = token.text;
      redirect = null;
    } else if (token.kind === 'word') {
      const isAssignment = words.length === 0 && /^[A-Za-z_]\w*=/.test(token.text);
      if (!isAssignment) words.push(token.text);
    }
  }
  return { words, output: output !== null && isComputed(output) ? null : output };
}
