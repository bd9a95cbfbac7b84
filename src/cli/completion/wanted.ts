/** What is completed on a command line: words that are known, or values that have to be looked up. Pure. */

/** A command as `oclif.manifest.json` has it. */
export interface KnownCommand {
  id: string;
  summary?: string;
  hidden?: boolean;
  strict?: boolean;
  args: Readonly<Record<string, unknown>>;
  flags: Readonly<Record<string, KnownFlag>>;
}

interface KnownFlag {
  char?: string;
  type: string;
  description?: string;
  hidden?: boolean;
  multiple?: boolean;
  options?: readonly string[];
}

/** A word that may be typed, and what it is. */
export interface Suggestion {
  word: string;
  says: string;
}

/** What values are looked up for. */
export type ValueKind =
  | 'id'
  | 'live-id'
  | 'ended-id'
  | 'label'
  | 'label-key'
  | 'sweep'
  | 'project'
  | 'engine'
  | 'operator'
  | 'status'
  | 'column'
  | 'manifest-path'
  | 'manifest-value'
  | 'link'
  | 'pod'
  | 'shell'
  | 'file'
  | 'folder';

export type Wanted =
  | { words: Suggestion[] }
  /**
   * `before` stands before each value (`--label=`); null: nothing can be said. `of`: the experiment whose pods are meant, where the
   * line names one.
   */
  | { values: ValueKind | null; before: string; of?: string | undefined };

/** Values of flags, by their names; flags with `options` have theirs. */
const FLAG_VALUES: Readonly<Record<string, ValueKind>> = {
  label: 'label',
  'drop-label': 'label-key',
  sweep: 'sweep',
  list: 'file',
  project: 'project',
  engine: 'engine',
  operator: 'operator',
  status: 'status',
  columns: 'column',
  sort: 'column',
  experiment: 'id',
  pod: 'pod',
  set: 'manifest-value',
  'env-file': 'file',
  'manifest-path': 'file',
  settings: 'file',
  kubeconfig: 'file',
  'python-env': 'file',
  'repo-dir': 'folder',
  to: 'folder',
};

/** Values of arguments, by command and position; a name with an `id` is an experiment's everywhere. */
const ARGUMENT_VALUES: Readonly<Record<string, readonly ValueKind[]>> = {
  completion: ['shell'],
  'context:set:engine': ['engine'],
  'context:set:project': ['project'],
  'engines:check': ['engine'],
  'engines:get': ['engine'],
  'engines:remove': ['engine'],
  'experiments:cancel': ['live-id'],
  'experiments:delete': ['ended-id'],
  'experiments:exec': ['live-id', 'pod'],
  'experiments:open': ['id', 'link'],
  'experiments:shell': ['live-id', 'pod'],
  'experiments:top': ['live-id'],
  'experiments:submit:local': ['folder'],
  'sweeps:cancel': ['sweep'],
  'sweeps:delete': ['sweep'],
  'sweeps:get': ['sweep'],
  'sweeps:results': ['sweep'],
  'sweeps:resume': ['sweep'],
  'sweeps:wait': ['sweep'],
  'local-repo:init': ['folder'],
  'manifest:explain': ['manifest-path'],
  'manifest:init': ['folder'],
  'manifest:render': ['file'],
  'manifest:validate': ['file'],
};

/** What the last of the words behind `aichor` may become; it is still being typed, and may be empty. */
export function wantedFor(words: readonly string[], commands: readonly KnownCommand[]): Wanted {
  const done = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const shown = commands.filter(({ hidden }) => hidden !== true);
  const command = typed(done, shown);
  if (command === undefined) return { words: nextWords(done, shown) };
  const rest = done.slice(command.id.split(':').length);
  const last = rest.at(-1);
  const asking = last === undefined ? undefined : flagNamed(last, command);
  if (asking !== undefined && asking.flag.type !== 'boolean')
    return withExperiment(valueOfFlag(asking, ''), command, rest);
  const [name, value] = current.split('=', 2);
  if (value !== undefined && name?.startsWith('--')) {
    const given = flagNamed(name, command);
    return given === undefined
      ? { values: null, before: '' }
      : withExperiment(valueOfFlag(given, `${name}=`), command, rest);
  }
  if (current.startsWith('-')) return { words: flagsOf(command, rest) };
  return argument(command, rest);
}

function withExperiment(wanted: Wanted, command: KnownCommand, rest: readonly string[]): Wanted {
  if (!('values' in wanted) || wanted.values !== 'pod') return wanted;
  return { ...wanted, of: argumentsIn(command, rest)[0] };
}

function typed(done: readonly string[], commands: readonly KnownCommand[]): KnownCommand | undefined {
  const fits = commands.filter(({ id }) => id.split(':').every((word, index) => done[index] === word));
  return fits.sort((a, b) => b.id.length - a.id.length)[0];
}

/** The next words of commands that begin with these; a topic says what is below it. */
function nextWords(done: readonly string[], commands: readonly KnownCommand[]): Suggestion[] {
  const next = new Map<string, string>();
  for (const { id, summary = '' } of commands) {
    const words = id.split(':');
    const word = words[done.length];
    if (word === undefined || done.some((each, index) => words[index] !== each)) continue;
    const isWhole = words.length === done.length + 1;
    const below = isWhole ? summary : [next.get(word), words[done.length + 1]].filter(Boolean).join(', ');
    next.set(word, below);
  }
  return [...next].map(([word, says]) => ({ word, says }));
}

interface NamedFlag {
  name: string;
  flag: KnownFlag;
}

function flagNamed(word: string, { flags }: KnownCommand): NamedFlag | undefined {
  const found = Object.entries(flags).find(
    ([name, { char }]) => word === `--${name}` || (char !== undefined && word === `-${char}`),
  );
  return found && { name: found[0], flag: found[1] };
}

function valueOfFlag({ name, flag: { options } }: NamedFlag, before: string): Wanted {
  if (options !== undefined)
    return { words: options.map((word) => ({ word: `${before}${word}`, says: '' })) };
  const kind = Object.hasOwn(FLAG_VALUES, name) ? FLAG_VALUES[name] : undefined;
  return { values: kind ?? null, before };
}

/** Those that are not there yet, or may be there more than once. */
function flagsOf({ flags }: KnownCommand, typedWords: readonly string[]): Suggestion[] {
  const given = new Set(typedWords.map((word) => word.split('=', 1)[0]));
  return Object.entries(flags)
    .filter(([, { hidden }]) => hidden !== true)
    .filter(([name, { multiple }]) => multiple === true || !given.has(`--${name}`))
    .map(([name, { description = '' }]) => ({ word: `--${name}`, says: description }));
}

function argument(command: KnownCommand, rest: readonly string[]): Wanted {
  // A command of somebody else's.
  if (rest.includes('--')) return { values: null, before: '' };
  const given = argumentsIn(command, rest);
  const names = Object.keys(command.args);
  const kinds = Object.hasOwn(ARGUMENT_VALUES, command.id) ? (ARGUMENT_VALUES[command.id] ?? []) : [];
  const position = command.strict === false ? 0 : given.length;
  if (position >= names.length) return { words: flagsOf(command, rest) };
  const kind = kinds[position] ?? (names[position] === 'id' ? 'id' : null);
  return { values: kind, before: '', ...(kind === 'pod' && { of: given[0] }) };
}

/** The words of a line that are neither flags nor values of flags. */
function argumentsIn(command: KnownCommand, rest: readonly string[]): string[] {
  return rest.filter((word, index) => {
    const previous = rest[index - 1];
    const flag = previous === undefined ? undefined : flagNamed(previous, command)?.flag;
    return !word.startsWith('-') && (flag === undefined || flag.type === 'boolean');
  });
}

/** The words of a line up to the cursor, as a shell would read them: blanks end a word, quotes and backslashes are taken off. */
export function wordsOfLine(line: string): string[] {
  const words = [''];
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    const last = words.length - 1;
    if (quote !== '') {
      if (char === quote) quote = '';
      else words[last] += char;
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '\\') words[last] += line.charAt(++at);
    else if (!/\s/.test(char)) words[last] += char;
    else if (words[last] !== '') words.push('');
  }
  return words;
}
