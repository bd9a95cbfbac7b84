import type { SnapshotReader } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import { LAST_OF_CODE } from '../../snapshot/listing/code-archive.ts';
import type { SnapshotStore } from '../ports.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';

/** What giving an experiment's code back needs. */
export interface CodeReading {
  store: Pick<ExperimentStore, 'resolve' | 'state'>;
  snapshots: Pick<SnapshotStore, 'open'>;
}

/** The code that an experiment ran, as a tar archive. Throws AichorError `not_found` when it is not here any more. */
export async function readCode(by: CodeReading, ref: string): Promise<AsyncIterable<Uint8Array>> {
  const { record } = stateOf(by.store, by.store.resolve(ref));
  const { snapshot } = record.source;
  const found = snapshot === null ? null : await by.snapshots.open(snapshot);
  if (found === null)
    throw new AichorError('not_found', `the code of ${record.experiment_id} is not on the server`, {
      hint: 'an experiment has code from the moment in which its files have arrived until it is deleted',
    });
  return archiveOf(found);
}

async function* archiveOf(snapshot: SnapshotReader): AsyncGenerator<Uint8Array> {
  for (const chunk of snapshot.pack({ places: (path) => [path], last: LAST_OF_CODE })) yield chunk;
}
