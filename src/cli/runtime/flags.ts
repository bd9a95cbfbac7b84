import { boolean, string } from '@oclif/core/flags';

/** A flag that may be given several times; each takes exactly one value, so that arguments may follow it. */
export function repeated(description: string, helpValue: string) {
  return string({ description, helpValue, multiple: true, multipleNonGreedy: true, default: [] });
}

/** Which experiments a command means, beside ids. */
export const selectionFlags = {
  label: repeated('Every experiment with this label; several: all must hold', 'KEY=VALUE'),
  all: boolean({ description: 'Every experiment this can be done to' }),
};

/** What commands take that cannot be undone. */
export const deedFlags = {
  yes: boolean({ char: 'y', description: 'Do not ask; a script that says --all has to say it' }),
  'dry-run': boolean({ description: 'Print which experiments are meant, and do nothing' }),
};

/** `ID…`: oclif has no argument that takes several, so the command is not `strict` and reads `argv`. */
export const ID_HELP = 'Id, a prefix of it (3 characters or more), or latest';
