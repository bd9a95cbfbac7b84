import { join } from 'node:path';
import type { StorageList, StorageQuery } from '../../api/storage-contract.ts';
import type { Engine, ObjectPods } from '../../engines/engine.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import { DEFAULT_PROJECT, projectFolder } from '../../experiment/project-name.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { parseAddress } from '../../object-store/client/access.ts';
import { openObjectBucket } from '../../object-store/client/object-bucket.ts';
import { isInFolders } from '../engines/place.ts';
import type { Folders } from '../process/folders.ts';
import { rulesOf, type RuleReading } from '../projects/rules.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import { chooseEngine, EMBEDDED_ENGINE } from '../submission/choose-engine.ts';
import type { PrivateStore } from '../submission/private-values.ts';
import { uploadsBelow } from './files/announced.ts';
import { filesOfBucket } from './files/bucket.ts';
import type { Files } from './files/files.ts';
import { filesOfFolder } from './files/folder.ts';
import { inWords } from './files/in-words.ts';
import { uploadNotes, type PlaceName, type UploadNote } from './files/upload-note.ts';

/** What finding inputs and outputs needs. */
export interface StorageReading extends Omit<RuleReading, 'privateValues'> {
  store: Pick<ExperimentStore, 'resolve' | 'state' | 'submission' | 'ids'>;
  engines: ReadonlyMap<string, Engine>;
  folders: Pick<Folders, 'data' | 'outputs' | 'experiments'>;
  privateValues: RuleReading['privateValues'] & Pick<PrivateStore, 'read'>;
  /** Of a team's server; null: the embedded one. */
  defaultEngine: string | null;
  /** For proxies on the way to an object store. */
  env: Readonly<Record<string, string | undefined>>;
  now(): Date;
  closing: AbortSignal;
}

/** Whose files a query means. */
export interface StoredPlace {
  kind: StorageList['kind'];
  project: string;
  experiment_id: string | null;
  /** A folder, or an address of an object store; ends in `/`. */
  address: string;
  /** Whether that is a folder of this machine. */
  isHere: boolean;
  files: Files;
}

/** Tries of one request to an object store that may be repeated. */
const TRIES = 4;

/** Where the files are that a query means. Throws AichorError for what cannot be read from here. */
export async function placeOf(by: StorageReading, query: StorageQuery): Promise<StoredPlace> {
  if (query.experiment === undefined) return placeOfProject(by, query);
  if (query.kind === 'inputs') {
    throw new AichorError('usage', 'inputs belong to a project, not to an experiment', {
      hint: 'leave out either --inputs or --experiment',
    });
  }
  return placeOfOutputs(by, stateOf(by.store, by.store.resolve(query.experiment)).record);
}

/** Where the outputs of an experiment are. Throws AichorError `engine_unavailable` when that is not to be reached from here. */
export async function placeOfOutputs(by: StorageReading, record: ExperimentSummary): Promise<StoredPlace> {
  const { experiment_id: id, project, paths } = record;
  const place = { kind: 'outputs', project, experiment_id: id, address: paths.output } as const;
  if (isInFolders(record)) return { ...place, isHere: true, files: folderAt(by, paths.output) };
  const plan = by.store.submission(id)?.plan ?? null;
  const { secrets } = await by.privateValues.read(id);
  const pods = { plan, secrets, project: variablesOf(by, project) };
  return {
    ...place,
    isHere: false,
    files: await bucketAt(by, {
      address: paths.output,
      of: { kind: 'outputs', project, engine: record.engine, experiment: id },
      pods,
      whose: `experiment ${id}`,
    }),
  };
}

async function placeOfProject(
  by: StorageReading,
  { kind, project, engine }: StorageQuery,
): Promise<StoredPlace> {
  const name = project ?? DEFAULT_PROJECT;
  const rules = rulesOf(by, name);
  const chosen = chooseEngine(by.engines, {
    asked: engine ?? null,
    manifest: null,
    preferred: by.defaultEngine,
    mayRunHere: true,
    project: { name, ...rules },
  }).engine;
  const place = { kind, project: name, experiment_id: null };
  const paths = chosen.projectPaths?.(name);
  if (paths === undefined && chosen.name === EMBEDDED_ENGINE) {
    const address = `${join(by.folders.data, kind, projectFolder(name))}/`;
    return { ...place, address, isHere: true, files: folderAt(by, address) };
  }
  const address = paths?.[kind] ?? null;
  if (address === null)
    throw new AichorError(
      'usage',
      `storage.output of the engine ${chosen.name} does not name the project: its outputs cannot be told from those of others`,
      { hint: 'name an experiment with --experiment, or have {project} in storage.output' },
    );
  const variables = variablesOf(by, name);
  const pods = { plan: null, secrets: variables, project: variables };
  const whose = `project ${name}`;
  const of = { kind, project: name, engine: chosen.name, experiment: null };
  const files = await bucketAt(by, { address, of, pods, whose });
  return { ...place, address, isHere: false, files };
}

/** What a project gives every pod. */
function variablesOf(by: StorageReading, project: string): Record<string, string> {
  const { env, secrets } = rulesOf(by, project);
  return { ...env, ...secrets };
}

function folderAt({ folders }: StorageReading, address: string): Files {
  return filesOfFolder(address.replace(/\/$/, ''), uploadsBelow(folders));
}

/**
 * Has an object store remove the parts of an upload that was begun, and forgets it; only forgets it where its place is another now,
 * or is gone. Throws AichorError `engine_unavailable` when the store is not to be reached.
 */
export async function giveUpUpload(
  by: StorageReading,
  id: string,
  { of, address }: UploadNote,
): Promise<void> {
  const { experiment, ...query } = of;
  const place = await placeOf(by, { ...query, path: '', ...(experiment !== null && { experiment }) }).catch(
    (error: unknown) => {
      if (isAichorError(error) && error.code !== 'engine_unavailable') return null;
      throw error;
    },
  );
  if (place?.address === address) await place.files.abandon(id, AbortSignal.any([by.closing]));
  else await uploadNotes(uploadsBelow(by.folders)).remove(id);
}

interface InBucket {
  address: string;
  of: PlaceName;
  pods: ObjectPods;
  whose: string;
}

async function bucketAt(by: StorageReading, { address, of, pods, whose }: InBucket): Promise<Files> {
  const { engine } = of;
  const found = parseAddress(address);
  const access = found === null ? undefined : await by.engines.get(engine)?.objectAccess?.(pods);
  if (found === null || access === undefined) throw notHere(whose, address, engine);
  if ('why' in access)
    throw new AichorError(
      'engine_unavailable',
      `the files of ${whose} at ${address} cannot be reached: ${access.why}`,
      {
        hint: 'docs/storage.md tells where keys for an object store are looked for',
      },
    );
  const opening = { bucket: found.bucket, kind: found.kind, env: by.env, now: by.now, tries: TRIES };
  const bucket = inWords(openObjectBucket(access, opening), found.bucket);
  return filesOfBucket({ bucket, prefix: found.key, address, of, uploads: uploadsBelow(by.folders) });
}

/** Volumes of a cluster, and other stores: what is there is read there. */
function notHere(whose: string, address: string, engine: string): AichorError {
  const message = `the files of ${whose} are at ${address}, where the engine ${engine} has them: the control plane has none of them`;
  const example = address.startsWith('s3://') ? `: aws s3 sync ${address} .` : '';
  const hint = address.includes('://')
    ? `read them there, with a client for that address${example}`
    : 'that is a folder of its pods: look into the volume that is mounted there';
  return new AichorError('engine_unavailable', message, { hint });
}

/** One of its own for each request: so many listeners on one signal would look like a leak. */
export function untilClosing({ closing }: Pick<StorageReading, 'closing'>): AbortSignal {
  return AbortSignal.any([closing]);
}
