import { maskedTarget } from '../../experiment/told/target.ts';
import { commandWords } from './command-words.ts';

/** What begins an address, and no command. */
export const URL_START = /^[a-z][a-z0-9+.-]*:\/\//i;

/** A setting as it is shown: addresses and arguments may hold secrets. */
export function shownNotify(text: string): string {
  return URL_START.test(text)
    ? maskedTarget({ kind: 'url', url: text })
    : maskedTarget({ kind: 'command', command: commandWords(text) });
}
