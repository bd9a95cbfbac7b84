import { z } from 'zod';
import { experimentRef, projectName } from './contract.ts';

/** `POST /v1/experiments/:ref/open/:name`: a link that leads somewhere now. */
export const openName = z.enum(['tensorboard', 'ray', 'jupyter', 'vscode']);
export const opened = z.object({ experiment_id: z.uuid(), name: openName, url: z.string() });
export type OpenName = z.infer<typeof openName>;
export type Opened = z.infer<typeof opened>;

/** `GET /v1/storage`: whose files, and below which folder of theirs. */
export const storageQuery = z.strictObject({
  kind: z.enum(['inputs', 'outputs']).default('outputs'),
  project: projectName.optional(),
  /** Outputs of this experiment alone. */
  experiment: experimentRef.optional(),
  /** Of a project: the engine that keeps them; absent: the one that its experiments go to. */
  engine: z.string().min(1).max(200).optional(),
  /** A folder or a file; absent: everything. */
  path: z.string().max(4096).default(''),
});
const storedFile = z.object({
  path: z.string(),
  bytes: z.int(),
  modified_at: z.iso.datetime({ precision: 3 }),
  /** Another one: it is another file, or was written to. */
  version: z.string(),
});
export const storageList = z.object({
  kind: z.enum(['inputs', 'outputs']),
  project: z.string(),
  experiment_id: z.uuid().nullable(),
  /** The files, sorted by path, which is relative to the experiment's or the project's folder. */
  files: z.array(storedFile),
});
/** `GET /v1/storage/file`. */
export const fileQuery = storageQuery.extend({
  /** Bytes of its beginning that are left out. */
  start: z.coerce.number().int().min(0).default(0),
  /** Only if it is this one. */
  version: z.string().max(1000).optional(),
});
/** `PUT /v1/storage/file`: how many bytes follow. */
export const fileSending = storageQuery.extend({ bytes: z.coerce.number().int().min(0) });
/** How many of several files are moved at a time. */
const atATime = z.coerce.number().int().min(1).max(256).default(8);
/** `PUT /v1/storage/files`: small files follow, packed as `SMALL_FILES_TYPE` says. */
export const filesSending = storageQuery.omit({ path: true }).extend({ at_a_time: atATime });
/** `POST /v1/storage/files`: small files that are wanted. */
export const filesWanted = storageQuery.omit({ path: true }).extend({
  at_a_time: atATime,
  paths: z.array(z.string().min(1).max(4096)).min(1).max(10_000),
});
/** `POST /v1/storage/uploads`: a file that is sent in parts. `content` is another one where its content is. */
export const uploadBeginning = storageQuery.extend({
  bytes: z.int().min(1),
  content: z.string().min(1).max(1000),
});
export const uploadBegun = z.object({
  upload: z.string(),
  /** Bytes of each part but the last. */
  part_bytes: z.int(),
  /** Those that are there already, from 1 on. */
  parts: z.array(z.int()),
});
/** Which upload, of `bytes` in all. */
export const uploadPlace = z.object({ upload: z.string().regex(/^[0-9a-f]{32}$/) });
export const partPlace = uploadPlace.extend({ number: z.coerce.number().int().min(1).max(10_000) });
export const stored = z.object({ path: z.string(), bytes: z.int() });
export const storedMany = z.object({ files: z.int(), bytes: z.int() });
export type FileQuery = z.infer<typeof fileQuery>;
export type FileQueryInput = z.input<typeof fileQuery>;
export type FileSending = z.infer<typeof fileSending>;
export type FileSendingInput = StorageQueryInput & { path: string; bytes: number };
export type FilesSending = z.infer<typeof filesSending>;
export type FilesWanted = z.infer<typeof filesWanted>;
export type FilesWantedInput = z.input<typeof filesWanted>;
export type StoredMany = z.infer<typeof storedMany>;
export type UploadBeginning = z.infer<typeof uploadBeginning>;
export type UploadBeginningInput = z.input<typeof uploadBeginning>;
export type UploadBegun = z.infer<typeof uploadBegun>;
export type Stored = z.infer<typeof stored>;
export type StorageQuery = z.infer<typeof storageQuery>;
export type StorageQueryInput = z.input<typeof storageQuery>;
export type StorageList = z.infer<typeof storageList>;
