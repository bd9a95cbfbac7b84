import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { ifThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import { noUsage, type UsageSamples } from '../../metrics/usage.ts';
import { nothingGathered, type Gathered } from './gathering.ts';

/** Plain data of an experiment in a file of its folder. */
interface KeptFile<T> {
  /** What was kept last; nothing where nothing was, or what is there cannot be read. */
  read(folder: string): Promise<T>;
  /** Keeps it, whole or not at all. It may hold maps, NaN and infinities, which JSON has not. */
  keep(folder: string, data: T): Promise<void>;
}

/** What is written changes with the format: what another version has written is gathered again. */
export const keptMetrics: KeptFile<Gathered> = keptFile('metrics', { format: 2, nothing: nothingGathered });
export const keptUsage: KeptFile<UsageSamples> = keptFile('usage', { format: 1, nothing: noUsage });

function keptFile<T>(name: string, { format, nothing }: { format: number; nothing(): T }): KeptFile<T> {
  return {
    async read(folder) {
      const bytes = await ifThere(readFile(join(folder, name)));
      if (bytes === null) return nothing();
      try {
        const kept: { format?: unknown; gathered?: T } = Object(deserialize(bytes));
        return kept.format === format && kept.gathered !== undefined ? kept.gathered : nothing();
      } catch {
        return nothing();
      }
    },
    keep: (folder, gathered) => place(join(folder, name), serialize({ format, gathered })),
  };
}
