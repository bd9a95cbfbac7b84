import { AichorError } from '../errors.ts';
import { didYouMean } from '../manifest/did-you-mean.ts';
import { presentForm } from './two-x.ts';

/**
 * What is said to a command line that names no command: the present form of a version 2 one, the argument that is
 * one too many, else the nearest command. `commands` are all command ids as they are typed.
 */
export function unknownCommand(argv: readonly string[], commands: readonly string[]): AichorError {
  const words = wordsOf(argv);
  const present = presentForm(words);
  if (present !== null && isShipped(present, commands)) {
    return new AichorError('usage', `\`aichor ${words.join(' ')}\` is a command of version 2`, {
      hint: `now it is \`${present}\``,
    });
  }
  const longest = commands
    .filter((command) => words.join(' ').startsWith(`${command} `))
    .sort((a, b) => b.length - a.length)[0];
  if (longest !== undefined) {
    const extra = words.slice(longest.split(' ').length);
    return new AichorError(
      'usage',
      `unexpected argument${extra.length === 1 ? '' : 's'} ${extra.join(', ')}`,
      {
        hint: `see \`aichor ${longest} --help\``,
      },
    );
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

/** Tries the words typed, fewer and fewer of them, since the last ones may be arguments. */
function suggestion(words: readonly string[], commands: readonly string[]): string {
  for (let length = words.length; length > 0; length--) {
    const near = didYouMean(words.slice(0, length).join(' '), commands);
    if (near !== null) return `did you mean \`aichor ${near}\`?`;
  }
  const topic = commands.some((command) => command.startsWith(`${words[0]} `)) ? `${words[0]} ` : '';
  return `see \`aichor ${topic}--help\``;
}
