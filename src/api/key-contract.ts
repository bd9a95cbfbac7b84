import { z } from 'zod';
import { projectName } from './contract.ts';

/** What the holder of a key may do, each all that the one before it may: look, run experiments, decide about the server. */
export const ROLES = ['viewer', 'member', 'admin'] as const;
export const role = z.enum(ROLES);

export const keyName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'lower case letters, digits and hyphens');

const time = z.iso.datetime({ precision: 3 });

const keyProjects = z.array(projectName).min(1).max(100).nullable();

/** A key as it is listed: nobody can read it any more. */
export const keyDocument = z.object({
  name: keyName,
  role,
  /** Projects that it is for; null: all. Of others its holder sees nothing. */
  projects: keyProjects.default(null),
  created_at: time,
  /** When it ends; null: never. */
  expires_at: time.nullable(),
  /** When it was last used, to the minute; null: not yet. */
  last_used_at: time.nullable(),
});
export const keyList = z.object({ keys: z.array(keyDocument) });

/** `POST /v1/keys`. */
export const keyCreation = z.strictObject({
  name: keyName,
  role,
  /** Not of an admin's. */
  projects: keyProjects.default(null),
  /** Seconds; null: for ever. */
  expires_in_s: z.int().min(1).max(3_153_600_000).nullable().default(null),
});

/** The answer to `POST /v1/keys` and `POST /v1/keys/:name/rotate`: the only time that the key itself is told. */
export const keyCreated = keyDocument.extend({ key: z.string() });

/** `GET /v1/identity`: who asks. */
export const identity = z.object({
  /** Who asks: name of the key; null: the server's own user, who needs none. `server`: the key that the server was started with. */
  name: z.string().nullable(),
  role,
  /** Projects that the key is for; null: all. */
  projects: keyProjects,
});

/** `keys.json`: what is kept of each key. */
export const keysFile = z.object({
  keys: z.array(
    keyDocument.extend({
      id: z.string().regex(/^[0-9a-f]{12}$/),
      /** Of the whole key. It has 256 random bits: nobody finds it by trying, so a slow hash would protect nothing. */
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});

export type Role = z.infer<typeof role>;
export type KeyDocument = z.infer<typeof keyDocument>;
export type KeyList = z.infer<typeof keyList>;
export type KeyCreation = z.infer<typeof keyCreation>;
export type KeyCreationInput = z.input<typeof keyCreation>;
export type KeyCreated = z.infer<typeof keyCreated>;
export type Identity = z.infer<typeof identity>;
export type KeysFile = z.infer<typeof keysFile>;
