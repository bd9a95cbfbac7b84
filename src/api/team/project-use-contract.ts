import { z } from 'zod';

const retention = z.object({
  seconds: z.int(),
  logs: z.int(),
  next_at: z.string().nullable(),
  within_a_day: z.int(),
  last: z.object({ time: z.string(), logs: z.int() }).nullable(),
});

/** What a project uses of what it may, and what becomes of its old logs. */
export const projectUse = z.object({
  project: z.string(),
  running: z.object({ used: z.int(), allowed: z.int().nullable() }),
  gpus: z.object({ used: z.number(), allowed: z.int().nullable() }),
  stored_bytes: z.object({ used: z.int(), allowed: z.int().nullable() }),
  retention: retention.nullable(),
});

export type ProjectUse = z.infer<typeof projectUse>;
