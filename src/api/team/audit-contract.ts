import { z } from 'zod';

/** What is written down of what people do to the server, and to others. */
export const DEEDS = [
  'key.create',
  'key.revoke',
  'key.rotate',
  'engine.add',
  'engine.remove',
  'project.create',
  'project.update',
  'project.delete',
  'project.rotate',
  'project.expire',
  'experiment.cancel',
  'experiment.delete',
] as const;

export const auditEvent = z.object({
  /** Its number, in the order in which they were written. */
  number: z.int(),
  time: z.iso.datetime({ precision: 3 }),
  /** Who did it: name of the key; null: the server's own user, or the server by itself. */
  by: z.string().nullable(),
  deed: z.enum(DEEDS),
  /** Name or id of what it was done to. */
  subject: z.string(),
  /** What else is worth knowing; never a key or another secret. */
  details: z.record(z.string(), z.unknown()),
});

export const auditList = z.object({ events: z.array(auditEvent) });

/** `GET /v1/audit`, oldest first. */
export const auditQuery = z.strictObject({
  since: z.iso.datetime({ precision: 3 }).optional(),
  /** Only what was before then. */
  until: z.iso.datetime({ precision: 3 }).optional(),
  /** Who did it: name of a key; `-`: the server's own user, or the server by itself. */
  by: z.string().min(1).max(63).optional(),
  /** Only those with a larger number. */
  after: z.coerce.number().int().min(0).optional(),
  /** Only those with a smaller number. */
  before: z.coerce.number().int().min(1).optional(),
  /** The newest so many of them; with `after` the oldest. */
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
});

export type Deed = (typeof DEEDS)[number];
export type AuditEvent = z.infer<typeof auditEvent>;
export type AuditList = z.infer<typeof auditList>;
export type AuditQuery = z.infer<typeof auditQuery>;
export type AuditQueryInput = z.input<typeof auditQuery>;
