import { AichorError } from '../errors.ts';
import { NOTHING_AT } from '../api/nothing-at.ts';

/** What a server may call its version: the text is another's. */
const VERSION = /^\d+(?:\.\d+){2}[\w.+-]{0,40}$/;

/** Whether a server's version comes after ours; not so for what is no version. What stands behind a hyphen comes before the same without. */
export function isNewer(theirs: string, ours: string): boolean {
  if (!VERSION.test(theirs)) return false;
  const [[core, early], [ownCore, ownEarly]] = [partsOf(theirs), partsOf(ours)];
  const order = compare(core, ownCore);
  if (order !== 0 || early === ownEarly) return order > 0;
  return early === '' || (ownEarly !== '' && compare(early, ownEarly) > 0);
}

function partsOf(version: string): readonly [core: string, early: string] {
  const [, core = '', early = ''] = /^([\d.]*)-?([^+]*)/.exec(version) ?? [];
  return [core, early];
}

function compare(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}

/**
 * Whether a failure may come of two versions that do not know each other's ways: the server does not take the request or
 * has no such route, or this program stumbled over an answer.
 */
export function mayBeOfVersions({ code, message, requestId }: AichorError): boolean {
  if (code === 'internal') return requestId === undefined;
  if (requestId === undefined) return false;
  return code === 'usage' || (code === 'not_found' && message.startsWith(NOTHING_AT));
}

/**
 * The same failure; where the server is of another version, its hint names both, and which one is needed where.
 *
 * @param theirs the server's version; null: nobody knows
 */
export function namingVersions(error: AichorError, ours: string, theirs: string | null): AichorError {
  if (theirs === null || theirs === ours || !VERSION.test(theirs)) return error;
  const cure = `install aichor ${theirs} here${isNewer(theirs, ours) ? '' : `, or have the server updated to ${ours}`}`;
  const { code, message, hint, diagnostics, requestId, cause } = error;
  const versions = `the server is aichor ${theirs}, and this is ${ours}: if that is why, ${cure}`;
  return new AichorError(code, message, {
    hint: hint === null ? versions : `${versions}; else: ${hint}`,
    ...(diagnostics && { diagnostics }),
    requestId,
    cause,
  });
}
