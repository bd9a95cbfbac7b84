import { createReadStream } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { StorageList, StorageQuery } from '../../api/storage-contract.ts';
import { ifThere } from '../../base/io/files.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { isOnThisMachine } from '../engines/place.ts';
import type { Folders } from '../process/folders.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import { DEFAULT_PROJECT, projectFolder } from '../../experiment/project-name.ts';

/** What reading of inputs and outputs needs. */
export interface StorageReading {
  store: Pick<ExperimentStore, 'resolve' | 'state'>;
  folders: Pick<Folders, 'data'>;
}

/** Whose files a query means, and the folder they are in. */
interface Place {
  kind: StorageList['kind'];
  project: string;
  experiment_id: string | null;
  folder: string;
}

/** The files below a path, links left out: what they lead to may be anywhere. */
export async function listStorage(by: StorageReading, query: StorageQuery): Promise<StorageList> {
  const place = placeOf(by, query);
  const start = inside(place, query.path);
  const files: StorageList['files'] = [];
  const found = await ifThere(lstat(start));
  if (found?.isFile()) files.push(fileAt(place, start, found));
  if (found?.isDirectory()) await gather(place, start, files);
  if (found === null && query.path !== '') throw notThere(place, query.path);
  const { kind, project, experiment_id } = place;
  return { kind, project, experiment_id, files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** The content of one file. */
export async function readStored(
  by: StorageReading,
  query: StorageQuery,
): Promise<AsyncIterable<Uint8Array>> {
  const place = placeOf(by, query);
  const path = inside(place, query.path);
  const real = await ifThere(realpath(path));
  const folder = await ifThere(realpath(place.folder));
  const isInside = real !== null && folder !== null && real.startsWith(folder + sep);
  if (!isInside || !(await lstat(real)).isFile()) throw notThere(place, query.path);
  return createReadStream(real);
}

function placeOf(by: StorageReading, { kind, project, experiment }: StorageQuery): Place {
  if (experiment === undefined) {
    const name = project ?? DEFAULT_PROJECT;
    return {
      kind,
      project: name,
      experiment_id: null,
      folder: join(by.folders.data, kind, projectFolder(name)),
    };
  }
  if (kind === 'inputs') {
    throw new AichorError('usage', 'inputs belong to a project, not to an experiment', {
      hint: 'leave out either --inputs or --experiment',
    });
  }
  const { record } = stateOf(by.store, by.store.resolve(experiment));
  if (!isOnThisMachine(record)) throw notHere(record);
  return {
    kind,
    project: record.project,
    experiment_id: record.experiment_id,
    folder: record.paths.output.replace(/\/$/, ''),
  };
}

/** An engine in a cluster leaves files where its settings say; they are read there. */
function notHere({ experiment_id: id, engine, paths }: ExperimentSummary): AichorError {
  const message = `the outputs of experiment ${id} are at ${paths.output}, where its engine ${engine} wrote them: the control plane has none of them`;
  return new AichorError('engine_unavailable', message, { hint: readingOf(paths.output) });
}

function readingOf(address: string): string {
  if (address.startsWith('s3://')) return `read them there, for example: aws s3 sync ${address} .`;
  if (address.startsWith('gs://'))
    return `read them there, for example: gcloud storage rsync -r ${address} .`;
  return address.includes('://')
    ? 'read them there, with a client for that address'
    : 'that is a folder of its pods: look into the volume that is mounted there';
}

/** The path below the place's folder. Throws `usage` when it would lead out of it. */
function inside({ folder }: Place, path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || parts.includes('..') || path.includes('\0')) {
    throw new AichorError('usage', `${path} is not a path inside of the storage`, {
      hint: 'give it as storage list prints it: relative, without ".."',
    });
  }
  return join(folder, ...parts);
}

async function gather(place: Place, folder: string, files: StorageList['files']): Promise<void> {
  const entries = (await ifThere(readdir(folder, { withFileTypes: true }))) ?? [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await gather(place, path, files);
    const stat = entry.isFile() ? await ifThere(lstat(path)) : null;
    if (stat !== null) files.push(fileAt(place, path, stat));
  }
}

function fileAt(
  { folder }: Place,
  path: string,
  stat: { size: number; mtime: Date },
): StorageList['files'][number] {
  const name = relative(folder, path).split(sep).join('/');
  return { path: name, bytes: stat.size, modified_at: stat.mtime.toISOString() };
}

function notThere({ kind, project, experiment_id: id }: Place, path: string): AichorError {
  const whose = id === null ? `the ${kind} of project ${project}` : `the outputs of experiment ${id}`;
  return new AichorError('not_found', `there is no ${path} in ${whose}`, {
    hint: 'aichor storage list shows what there is',
  });
}
