import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { StorageList, StorageQueryInput } from '../../api/storage-contract.ts';
import type { Client } from '../../client/client.ts';
import { isThere } from '../../base/io/files.ts';
import { place as placeWhole } from '../../base/io/place.ts';
import { AichorError } from '../../errors.ts';
import { noneChosen } from '../experiments/references.ts';
import { everyExperiment } from '../experiments/selection.ts';
import { labelConditions } from '../submit/environment.ts';

/** What `storage download` prints. */
export interface Downloaded extends StorageList {
  destination: string;
  bytes: number;
}

interface DownloadOptions {
  destination: string;
  force: boolean;
  onFile(path: string): void;
}

/**
 * Fetches every file of a listing. Each appears whole, under its own path below the destination.
 *
 * @throws AichorError `conflict` before anything is fetched, when a file is there already
 */
export async function download(
  client: Client,
  query: StorageQueryInput,
  options: DownloadOptions,
): Promise<Downloaded> {
  const list = await client.storage(query);
  const destination = resolve(options.destination);
  const places = list.files.map(({ path }) => ({ path, place: placeOf(destination, path) }));
  if (!options.force) await refuseToOverwrite(places);
  for (const { path, place } of places) {
    options.onFile(path);
    await mkdir(dirname(place), { recursive: true });
    await placeWhole(place, await client.storedFile({ ...query, path }), { mode: 0o666 & ~process.umask() });
  }
  return { ...list, destination, bytes: list.files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Which experiments, and which of their outputs. */
interface Chosen {
  labels: readonly string[];
  sweep: string | undefined;
  path: string | undefined;
}

/**
 * Outputs of every experiment of this sweep with these labels, each below the destination in a folder named by the first characters of
 * its id. Throws AichorError `not_found` when no experiment has them.
 */
export async function downloadLabelled(
  client: Client,
  { labels, sweep, path }: Chosen,
  options: DownloadOptions,
): Promise<Downloaded> {
  const experiments = await everyExperiment(client, { label: labelConditions(labels), sweep });
  const [first] = experiments;
  if (first === undefined)
    throw noneChosen([...labels, ...(sweep === undefined ? [] : [`the sweep ${sweep}`])].join(', '));
  const found: { folder: string; list: Downloaded }[] = [];
  for (const { experiment_id: experiment } of experiments) {
    const folder = experiment.slice(0, FOLDER_LENGTH);
    const query = { kind: 'outputs', experiment, ...(path !== undefined && { path }) } as const;
    const destination = join(options.destination, folder);
    found.push({ folder, list: await download(client, query, { ...options, destination }) });
  }
  return {
    kind: 'outputs',
    project: first.project,
    experiment_id: null,
    destination: resolve(options.destination),
    files: found.flatMap(({ folder, list: { files } }) =>
      files.map((file) => ({ ...file, path: `${folder}/${file.path}` })),
    ),
    bytes: found.reduce((sum, { list }) => sum + list.bytes, 0),
  };
}

/** As ids are shown in lists. */
const FOLDER_LENGTH = 8;

/** A server's word is not enough to write outside of the destination. */
function placeOf(destination: string, path: string): string {
  const place = resolve(destination, path);
  if (place.startsWith(destination.endsWith(sep) ? destination : destination + sep)) return place;
  throw new AichorError('server_error', `the server names a file outside of the destination: ${path}`);
}

async function refuseToOverwrite(places: readonly { place: string }[]): Promise<void> {
  for (const { place } of places) {
    if (!(await isThere(place))) continue;
    throw new AichorError('conflict', `${place} is there already`, {
      hint: 'give another folder with --to, or --force to overwrite',
    });
  }
}
