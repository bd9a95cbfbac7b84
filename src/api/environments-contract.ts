import { z } from 'zod';

/** `POST /v1/environments/prune`. */
export const environmentsPruning = z.strictObject({
  /** Nobody has used them for so long; 0: all that no live experiment uses. */
  older_than_s: z.number().min(0),
});

export const environmentsPruned = z.object({
  environments: z.array(z.object({ key: z.string(), used_at: z.string(), bytes: z.int() })),
  bytes: z.int(),
});

export type EnvironmentsPruning = z.infer<typeof environmentsPruning>;
export type EnvironmentsPruned = z.infer<typeof environmentsPruned>;
