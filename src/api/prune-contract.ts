import { z } from 'zod';

/** `POST /v1/environments/prune`, `POST /v1/images/prune`. */
export const diskPruning = z.strictObject({
  /** Nobody has used them for so long; 0: all that no live experiment uses. */
  older_than_s: z.number().min(0),
});

export const environmentsPruned = z.object({
  environments: z.array(z.object({ key: z.string(), used_at: z.string(), bytes: z.int() })),
  bytes: z.int(),
});

export const imagesPruned = z.object({
  images: z.array(
    z.object({ program: z.string(), id: z.string(), experiments: z.array(z.string()), used_at: z.string() }),
  ),
  /** Programs whose images are not known, with what they said. */
  unanswered: z.array(z.string()),
});

/** What `aichor server prune` has removed: nothing of what it was not asked for. */
export const serverPruned = environmentsPruned.extend(imagesPruned.shape);

export type DiskPruning = z.infer<typeof diskPruning>;
export type EnvironmentsPruned = z.infer<typeof environmentsPruned>;
export type ImagesPruned = z.infer<typeof imagesPruned>;

export type ServerPruned = z.infer<typeof serverPruned>;
