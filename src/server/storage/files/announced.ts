import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere, readIfThere } from '../../../base/io/files.ts';
import { place } from '../../../base/io/place.ts';
import type { Folders } from '../../process/folders.ts';

/** What is noted beside the parts of an upload: whose it is, by how many bytes there will be more of that, and which file it is. */
const NOTE = 'announced';

/** An upload into a folder of this machine that is not whole yet. */
export interface AnnouncedUpload {
  project: string;
  /** By which the project stores more when it is whole. */
  growth: number;
  /** The place, path and size that this was found out for: parts of anything else are none of it. */
  of: string;
}

/** Where uploads in parts are remembered. */
export function uploadsBelow({ data }: Pick<Folders, 'data'>): string {
  return join(data, 'uploads');
}

/** Notes what an upload that was begun will be. */
export async function announce(
  id: string,
  { project, growth, of }: AnnouncedUpload,
  folders: Pick<Folders, 'data'>,
): Promise<void> {
  await place(join(uploadsBelow(folders), id, NOTE), `${growth} ${project}\n${of}`);
}

/** What was noted of an upload; null: nothing. */
export async function announcedOf(
  id: string,
  folders: Pick<Folders, 'data'>,
): Promise<AnnouncedUpload | null> {
  const note = (await readIfThere(join(uploadsBelow(folders), id, NOTE))) ?? '';
  const [, growth, project, of] = /^(\d+) ([^\n]*)\n(.*)$/s.exec(note) ?? [];
  return project === undefined || of === undefined ? null : { project, growth: Number(growth), of };
}

/** Bytes of files of a project that are announced and not whole yet. */
export async function announcedBy(project: string, folders: Pick<Folders, 'data'>): Promise<number> {
  let sum = 0;
  for (const id of (await ifThere(readdir(uploadsBelow(folders)))) ?? []) {
    const announced = await announcedOf(id, folders);
    if (announced?.project === project) sum += announced.growth;
  }
  return sum;
}
