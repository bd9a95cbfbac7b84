import { boolean, string } from '@oclif/core/flags';
import type { OptionFlag } from '@oclif/core/interfaces';
import { didYouMean } from '../../base/text/did-you-mean.ts';
import { AichorError } from '../../errors.ts';

/** A flag that may be given several times; each takes exactly one value, so that arguments may follow it. */
export function repeated(description: string, helpValue: string, char?: 'e' | 'l') {
  const short = char === undefined ? {} : { char };
  return string({
    description,
    helpValue,
    multiple: true,
    multipleNonGreedy: true,
    default: [],
    ...short,
  });
}

/** A flag whose value is one of a few words, in any case; another is told which was meant. */
export function oneOf<T extends string>(name: string, values: readonly T[], says: string) {
  const description = `${says}: ${values.join(', ')}`;
  const parse = async (word: string) => wordOf(word, values, name);
  // The parser types its values as texts; these are of the words.
  return string({ description, helpValue: 'WORD', parse }) as OptionFlag<T | undefined>;
}

/** The same for a flag that may be given several times. */
export function someOf<T extends string>(name: string, values: readonly T[], says: string) {
  const { parse, description } = oneOf(name, values, says);
  return { ...repeated(description ?? says, 'WORD'), parse } as unknown as OptionFlag<T[]>;
}

/** The one of the words that is written, whatever the case. Throws AichorError `usage` with what may have been meant. */
export function wordOf<T extends string>(word: string, values: readonly T[], name: string): T {
  const found = values.find((value) => value.toLowerCase() === word.toLowerCase());
  if (found !== undefined) return found;
  const lower = values.map((value) => value.toLowerCase());
  const near = didYouMean(word.toLowerCase(), lower);
  const meant = near === null ? undefined : values[lower.indexOf(near)];
  throw new AichorError('usage', `${name} ${JSON.stringify(word)} is not one of its values`, {
    hint: meant === undefined ? `it is one of ${values.join(', ')}` : `did you mean ${meant}?`,
  });
}

/** Which experiments a command means, beside ids. */
export const selectionFlags = {
  sweep: string({ description: 'Every experiment of this sweep', helpValue: 'NAME' }),
  label: repeated('Every experiment with this label; several: all must hold', 'KEY[=VALUE]', 'l'),
  all: boolean({ description: 'Every experiment that this applies to' }),
};

/** Which experiment a command on one of them means, beside its id. */
export const labelOfOne = repeated(
  'The newest experiment with this label, instead of an id',
  'KEY[=VALUE]',
  'l',
);

/** The same, beside `--label`. */
export const sweepOfOne = string({
  description: 'The newest experiment of this sweep, instead of an id',
  helpValue: 'NAME',
});

/** What commands take that cannot be undone. */
export const deedFlags = {
  yes: boolean({ char: 'y', description: 'Do not ask; needed with --all in a script' }),
  'dry-run': boolean({ description: 'Print which experiments are meant, and do nothing' }),
};

/** `ID…`: oclif has no argument that takes several, so the command is not `strict` and reads `argv`. */
export const ID_HELP = 'Id, a prefix of it (3 characters or more), or latest';

/**
 * `--sort -metric.loss`: to the parser `-m` is a flag of its own, whether a blank or `=` stands before it. Behind a space it is a
 * value; who reads it takes that away again.
 */
export function shieldDashedValue(argv: string[], flag: string): void {
  for (const [index, word] of argv.entries()) {
    if (argv[index - 1] === flag && /^-[^-]./.test(word)) argv[index] = ` ${word}`;
    else if (word.startsWith(`${flag}=-`)) argv[index] = word.replace('=', '= ');
  }
}
