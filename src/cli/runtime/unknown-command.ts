import { plural } from '../../base/text/plural.ts';
import { AichorError } from '../../errors.ts';
import { didYouMean, editDistance } from '../../base/text/did-you-mean.ts';

/**
 * What is said to a command line that names no command: the present form of a version 2 one, the argument that is
 * one too many, else the nearest command. `commands` are all command ids as they are typed.
 */
export function unknownCommand(argv: readonly string[], commands: readonly string[]): AichorError {
  const words = wordsOf(argv);
  if (words.length === 0) {
    return new AichorError('usage', `the command must stand before ${argv[0]}`, {
      hint: 'see `aichor --help`',
    });
  }
  const present = presentForm(words);
  if (present !== null && isShipped(present, commands)) {
    return new AichorError('usage', `\`aichor ${words.join(' ')}\` is a command of version 2`, {
      hint: `now it is \`${present}\``,
    });
  }
  const meant = wordOfOthers(words);
  if (meant !== null) {
    return new AichorError('usage', `there is no command \`aichor ${words.join(' ')}\``, {
      hint: `here it is \`${meant}\``,
    });
  }
  const longest = commands
    .filter((command) => words.join(' ').startsWith(`${command} `))
    .sort((a, b) => b.length - a.length)[0];
  if (longest !== undefined) {
    const extra = words.slice(longest.split(' ').length);
    return new AichorError('usage', `unexpected ${plural(extra.length, 'argument')} ${extra.join(', ')}`, {
      hint: `see \`aichor ${longest} --help\``,
    });
  }
  return new AichorError('usage', `there is no command \`aichor ${words.join(' ')}\``, {
    hint: suggestion(words, commands),
  });
}

/** The words before the first flag. */
function wordsOf(argv: readonly string[]): string[] {
  const firstFlag = argv.findIndex((word) => word.startsWith('-'));
  return argv.slice(0, firstFlag === -1 ? argv.length : firstFlag);
}

/** A form whose command comes with a later version is not offered. */
function isShipped(present: string, commands: readonly string[]): boolean {
  return commands.some(
    (command) => present === `aichor ${command}` || present.startsWith(`aichor ${command} `),
  );
}

/** The command whose words are all near to the typed ones; what is typed behind them may be arguments. */
function suggestion(words: readonly string[], commands: readonly string[]): string {
  const near = commands
    .map((command) => ({ command, distance: distanceTo(command.split(' '), words) }))
    .filter(({ distance }) => distance < Infinity)
    .sort((a, b) => a.distance - b.distance)[0];
  if (near !== undefined) return `did you mean \`aichor ${near.command}\`?`;
  const topic = commands.some((command) => command.startsWith(`${words[0]} `)) ? `${words[0]} ` : '';
  return `see \`aichor ${topic}--help\``;
}

/** Edits over all words; Infinity when one of them is another word. */
function distanceTo(command: readonly string[], words: readonly string[]): number {
  return command.reduce((sum, word, index) => {
    const typed = words[index] ?? '';
    return didYouMean(typed, [word]) === null ? Infinity : sum + editDistance(typed, word);
  }, 0);
}

/** The command of today for a command line of version 2, whose commands were verbs first; null: it is none. */
export function presentForm(words: readonly string[]): string | null {
  const found = FORMS.find(({ old }) => old.every((word, index) => word === words[index]));
  return found ? found.now : null;
}

/** Longer forms before shorter ones. */
const FORMS: readonly { old: readonly string[]; now: string }[] = [
  { old: ['submit', 'local'], now: 'aichor experiments submit local --repo-dir . --message TEXT' },
  { old: ['submit', 'commit'], now: 'aichor experiments submit commit-sha SHA' },
  { old: ['submit', 'commit-sha'], now: 'aichor experiments submit commit-sha SHA' },
  { old: ['submit'], now: 'aichor experiments submit local' },
  { old: ['resubmit'], now: 'aichor experiments resubmit ID' },
  { old: ['get', 'experiments'], now: 'aichor experiments list' },
  { old: ['get', 'experiment'], now: 'aichor experiments get ID' },
  { old: ['get', 'engines'], now: 'aichor engines list' },
  { old: ['list', 'experiments'], now: 'aichor experiments list' },
  { old: ['get', 'logs'], now: 'aichor experiments logs ID' },
  { old: ['logs'], now: 'aichor experiments logs ID' },
  { old: ['cancel', 'experiment'], now: 'aichor experiments cancel ID' },
  { old: ['cancel'], now: 'aichor experiments cancel ID' },
  { old: ['delete', 'experiment'], now: 'aichor experiments delete ID' },
  { old: ['set', 'project'], now: 'aichor context set project NAME' },
  { old: ['set', 'engine'], now: 'aichor context set engine NAME' },
  { old: ['auth', 'login'], now: 'aichor auth key --apikey KEY' },
  { old: ['init'], now: 'aichor local-repo init' },
  { old: ['storage', 'cloud', 'download'], now: 'aichor storage download' },
];

/** The command here for a word of git, docker, kubectl or gh, alone or behind `experiments`; null: it is none. */
function wordOfOthers(words: readonly string[]): string | null {
  const [first, second] = words;
  const isNoun = first === 'experiments' || first === 'experiment';
  const verb = isNoun ? second : first;
  return verb !== undefined && Object.hasOwn(WORDS_OF_OTHERS, verb) ? (WORDS_OF_OTHERS[verb] ?? null) : null;
}

const WORDS_OF_OTHERS: Readonly<Record<string, string>> = {
  ls: 'aichor experiments list',
  list: 'aichor experiments list',
  ps: 'aichor experiments list --status running',
  status: 'aichor experiments get',
  describe: 'aichor experiments get ID',
  show: 'aichor experiments get ID',
  stop: 'aichor experiments cancel ID',
  kill: 'aichor experiments cancel ID',
  rm: 'aichor experiments delete ID',
  run: 'aichor experiments submit local',
  tail: 'aichor experiments logs -f ID',
  top: 'aichor experiments list --watch',
  watch: 'aichor experiments list --watch',
  login: 'aichor auth key',
  autocomplete: 'aichor completion bash',
};
