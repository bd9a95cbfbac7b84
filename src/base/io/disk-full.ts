import { systemErrorCode } from '../../errors.ts';

/** The disk takes no more: it is full, or what this user may have of it is. */
export function isDiskFull(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** The disk takes nothing at present: it is full, or it was mounted for reading only (as after a fault). */
export function isDiskUnwritable(error: unknown): boolean {
  return isDiskFull(error) || systemErrorCode(error) === 'EROFS';
}
