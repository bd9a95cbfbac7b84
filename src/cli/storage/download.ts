import { join, resolve, sep } from 'node:path';
import type { StorageList, StorageQueryInput } from '../../api/storage-contract.ts';
import type { Client } from '../../client/client.ts';
import { eachAtMost } from '../../base/async/at-most.ts';
import { SMALL_FILE } from '../../base/http/small-files.ts';
import { isThere } from '../../base/io/files.ts';
import { AichorError } from '../../errors.ts';
import { noneChosen } from '../experiments/references.ts';
import { everyExperiment } from '../experiments/selection.ts';
import { labelConditions } from '../submit/environment.ts';
import { fetchFile, isFetched, type Fetching } from './fetch-file.ts';
import { createProgressOf } from './progress.ts';
import { fetchSmall } from './small-files.ts';

/** What `storage download` prints. */
export interface Downloaded extends StorageList {
  destination: string;
  bytes: number;
  /** How many of the files were there already, as they are. */
  unchanged: number;
}

export interface TransferOptions {
  /** Files at a time. */
  concurrency: number;
  force: boolean;
  /** Takes a text that replaces the one before. */
  show(text: string): void;
  signal?: AbortSignal | undefined;
}

interface DownloadOptions extends TransferOptions {
  destination: string;
}

/**
 * Fetches every file of a listing that is not there yet as it is. Each appears whole, under its own path below the destination.
 *
 * @throws AichorError `conflict` before anything is fetched, when another file is there already
 */
export async function download(
  client: Client,
  query: StorageQueryInput,
  options: DownloadOptions,
): Promise<Downloaded> {
  const list = await client.storage(query);
  const destination = resolve(options.destination);
  const all = list.files.map((file) => ({ query, file, place: placeOf(destination, file.path) }));
  const missing: Fetching[] = [];
  await eachAtMost(LOOKS, all, async (each) => (await isFetched(each)) || void missing.push(each));
  if (!options.force) await refuseToOverwrite(missing);
  const { concurrency, show, signal } = options;
  const sizes = missing.map(({ file }) => file.bytes);
  const progress = createProgressOf({ files: missing.length, bytes: sum(sizes) }, show);
  const small = missing.filter(({ file }) => file.bytes <= SMALL_FILE);
  const large = missing.filter(({ file }) => file.bytes > SMALL_FILE);
  const alone = await fetchSmall(client, { query, files: small, concurrency, progress, signal });
  await eachAtMost(concurrency, [...alone, ...large], (each) =>
    fetchFile(client, each, { progress, signal }),
  );
  const bytes = sum(list.files.map((file) => file.bytes));
  return { ...list, destination, bytes, unchanged: all.length - missing.length };
}

/** Looks at files of this machine at a time. */
const LOOKS = 16;

function sum(numbers: readonly number[]): number {
  return numbers.reduce((before, next) => before + next, 0);
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
    bytes: sum(found.map(({ list }) => list.bytes)),
    unchanged: sum(found.map(({ list }) => list.unchanged)),
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
    throw new AichorError('conflict', `${place} is there already, and differs`, {
      hint: 'give another folder with --to, or --force to overwrite',
    });
  }
}
