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
  /** A folder or a file; absent: everything. */
  path: z.string().max(4096).default(''),
});
const storedFile = z.object({
  path: z.string(),
  bytes: z.int(),
  modified_at: z.iso.datetime({ precision: 3 }),
});
export const storageList = z.object({
  kind: z.enum(['inputs', 'outputs']),
  project: z.string(),
  experiment_id: z.uuid().nullable(),
  /** Sorted by path, which is relative to the experiment's or the project's folder. */
  files: z.array(storedFile),
});
export type StorageQuery = z.infer<typeof storageQuery>;
export type StorageQueryInput = z.input<typeof storageQuery>;
export type StorageList = z.infer<typeof storageList>;
