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

/** `ID…`: oclif has no argument that takes several, so the command is not `strict` and reads `argv`. */
export const ID_HELP = 'Id, a prefix of it (6 characters or more), or latest';
