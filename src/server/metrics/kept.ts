import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { ifThere } from '../../base/io/files.ts';
import { place } from '../../base/io/place.ts';
import { nothingGathered, type Gathered } from './gathering.ts';

/** What is written changes with this: what another version has written is gathered again. */
const FORMAT = 1;

interface Kept {
  format: number;
  gathered: Gathered;
}

/** What was gathered of an experiment when it was kept last; nothing where nothing was, or what is there cannot be read. */
export async function readGathered(folder: string): Promise<Gathered> {
  const bytes = await ifThere(readFile(fileIn(folder)));
  if (bytes === null) return nothingGathered();
  try {
    const kept: Partial<Kept> = Object(deserialize(bytes));
    return kept.format === FORMAT && kept.gathered !== undefined ? kept.gathered : nothingGathered();
  } catch {
    return nothingGathered();
  }
}

/** Keeps it, whole or not at all. Series may hold NaN and infinities, which JSON has not. */
export async function keepGathered(folder: string, gathered: Gathered): Promise<void> {
  const kept: Kept = { format: FORMAT, gathered };
  await place(fileIn(folder), serialize(kept));
}

function fileIn(folder: string): string {
  return join(folder, 'metrics');
}
