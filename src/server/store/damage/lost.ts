import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ifThere } from '../../../base/io/files.ts';
import { AichorError } from '../../../errors.ts';

/** A folder of an experiment is called by its id. */
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Experiments that have a folder below `experiments/`. */
export async function idsWithFolder(experiments: string): Promise<string[]> {
  return ((await ifThere(readdir(experiments))) ?? []).filter((name) => ID.test(name));
}

/**
 * Throws AichorError `conflict` for a database that is not there, or empty, although experiments have left their folders
 * beside it: a new one would forget them, and what may still run of them, without a word. Asked before it is opened,
 * because SQLite takes an empty file for a new database, and removes the log beside it.
 */
export async function refuseLostDatabase(
  file: string,
  { isEmpty }: { isEmpty?: boolean } = {},
): Promise<void> {
  const size = (await ifThere(stat(file)))?.size ?? null;
  if (size !== null && size > 0 && isEmpty !== true) return;
  const ids = await idsWithFolder(join(dirname(file), 'experiments'));
  if (ids.length === 0) return;
  const what = size === null ? 'is not there' : 'is empty';
  throw new AichorError(
    'conflict',
    `the database ${file} ${what}, but ${join(dirname(file), 'experiments')} has ${ids.length === 1 ? 'an experiment' : `${ids.length} experiments`}`,
    {
      hint: 'aichor server restore FILE brings a backup back; without one, aichor server doctor ends what still runs, sets the folders aside and begins anew',
    },
  );
}

export function damagedDatabase(file: string, cause: unknown): AichorError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AichorError('server_error', `the database ${file} is damaged (${why})`, {
    hint: 'stop the control plane, then aichor server doctor saves what can be read of it; aichor server restore FILE brings a backup back',
    cause,
  });
}
