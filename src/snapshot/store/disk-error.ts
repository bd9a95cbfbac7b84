import { isDiskFull } from '../../base/io/disk-full.ts';
import { AichorError, systemErrorCode } from '../../errors.ts';

/** A system error of writing below `folder` in words that can be acted on; anything else as it is. */
export function diskError(error: unknown, folder: string): unknown {
  const code = systemErrorCode(error);
  if (code === undefined || error instanceof AichorError) return error;
  if (isDiskFull(error)) {
    return new AichorError(
      'server_error',
      `the disk that holds ${folder} is full (${code}): the snapshot was not stored`,
      {
        hint: 'free space there, for example with `aichor experiments prune --older-than 30d`, and run the command again',
        cause: error,
      },
    );
  }
  return new AichorError('server_error', `the snapshot could not be stored in ${folder} (${code})`, {
    hint: 'see that the folder can be written to, and run the command again',
    cause: error,
  });
}
