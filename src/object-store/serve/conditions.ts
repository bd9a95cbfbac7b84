import { S3Error } from '../wire/s3-error.ts';

/** What a request says about the present state of an object. */
export interface Conditions {
  ifMatch: string | null;
  ifNoneMatch: string | null;
  ifModifiedSince: string | null;
  ifUnmodifiedSince: string | null;
}

export type Present = { etag: string; modified: Date } | null;

/**
 * For reading: whether the client has it already.
 *
 * @throws S3Error `PreconditionFailed`
 */
export function isUnchanged(conditions: Conditions, present: NonNullable<Present>): boolean {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== null && !matches(ifMatch, present)) throw new S3Error('PreconditionFailed');
  if (ifMatch === null && isLater(present, ifUnmodifiedSince)) throw new S3Error('PreconditionFailed');
  if (ifNoneMatch !== null) return matches(ifNoneMatch, present);
  return ifModifiedSince !== null && !isLater(present, ifModifiedSince);
}

/**
 * For writing: refuses where a condition does not hold of what is there.
 *
 * @returns true when nothing may be there, which the one who places it makes sure of
 * @throws S3Error `PreconditionFailed`, or `NoSuchKey` where something is to be there
 */
export function assertMayWrite({ ifMatch, ifNoneMatch }: Conditions, present: Present): boolean {
  if (ifMatch !== null) {
    if (present === null) throw new S3Error('NoSuchKey');
    if (!matches(ifMatch, present)) throw new S3Error('PreconditionFailed');
  }
  if (ifNoneMatch === null) return false;
  if (ifNoneMatch.trim() !== '*') throw new S3Error('NotImplemented', 'If-None-Match of a write is "*" only');
  if (present !== null) throw new S3Error('PreconditionFailed');
  return true;
}

function matches(asked: string, { etag }: NonNullable<Present>): boolean {
  return asked.split(',').some((each) => each.trim() === '*' || bare(each) === etag);
}

/** An ETag without its quotation marks. */
export function bare(etag: string): string {
  return etag.trim().replace(/^W\//, '').replace(/^"|"$/g, '');
}

/** Times of HTTP are of whole seconds. */
function isLater({ modified }: NonNullable<Present>, than: string | null): boolean {
  if (than === null) return false;
  const instant = Date.parse(than);
  return !Number.isNaN(instant) && Math.floor(modified.getTime() / 1000) > Math.floor(instant / 1000);
}

/**
 * The part of an object that a `Range` asks for, both ends inclusive; null: all of it, also where it cannot be read.
 *
 * @throws S3Error `InvalidRange`
 */
export function rangeOf(text: string | null, size: number): { from: number; to: number } | null {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(text?.trim() ?? '') ?? [];
  if (first === '' && last === '') return null;
  if (first === '') {
    const count = Math.min(Number(last), size);
    if (count === 0) throw new S3Error('InvalidRange');
    return { from: size - count, to: size - 1 };
  }
  const from = Number(first);
  const to = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < from) return null;
  if (from >= size) throw new S3Error('InvalidRange');
  return { from, to };
}
