import { systemErrorCode } from '../../errors.ts';

/** The disk takes no more: it is full, or what this user may have of it is. */
export function isDiskFull(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** The error with the file that was written to: of one that is open Node's errors name none. */
export function withPath(error: unknown, path: string): unknown {
  const names = error instanceof Error && isDiskUnwritable(error) && !('path' in error);
  return names ? Object.assign(error, { path }) : error;
}

/** Whether anything in the chain of causes is a disk that takes nothing at present. */
export function isForLackOfDisk(error: unknown): boolean {
  return error instanceof Error && (isDiskUnwritable(error) || isForLackOfDisk(error.cause));
}

const SAID = [
  ['No space left on device', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
  ['Read-only file system', 'EROFS'],
] as const;

/** The system's error of which a program of this machine speaks, at the end of a line (names that it quotes end otherwise). */
export function diskErrorIn(stderr: string): Error | null {
  for (const [words, code] of SAID)
    if (new RegExp(`(?:^|[:;] )${words}$`, 'm').test(stderr))
      return Object.assign(new Error(words), { code });
  return null;
}

/** The disk takes nothing at present: it is full, or it was mounted for reading only (as after a fault). */
export function isDiskUnwritable(error: unknown): boolean {
  return isDiskFull(error) || systemErrorCode(error) === 'EROFS';
}
