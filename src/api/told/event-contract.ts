import { z } from 'zod';
import { OPERATOR_NAMES } from '../../operators/table.ts';
import { REASONS, STATUSES, STEPS } from '../../experiment/status.ts';
import { CHANGE_KINDS } from '../../experiment/told/change.ts';
import { repeated } from '../contract.ts';

/** The HTTP contract of the changes of all experiments. */

/** A line of `GET /v1/events`. */
export const changeLine = z.object({
  /** Number of the change: the next one has a larger one. What `--since` takes. */
  sequence: z.int().min(1),
  time: z.iso.datetime({ precision: 3 }),
  kind: z.enum(CHANGE_KINDS),
  experiment_id: z.uuid(),
  /** Its [status](#statuses) after the change. */
  status: z.enum(STATUSES),
  step: z.enum(STEPS),
  reason: z.enum(REASONS).nullable(),
  operator: z.enum(OPERATOR_NAMES).nullable(),
  engine: z.string(),
  project: z.string(),
  /** Name of its sweep. */
  sweep: z.string().nullable(),
  /** Its labels after the change. */
  labels: z.record(z.string(), z.string()),
  /** Its status before the change; null for a new experiment. */
  previous_status: z.enum(STATUSES).nullable(),
  /** For people: its words may change. */
  message: z.string(),
  /** What this [kind](#kinds-of-changes) of change tells beside that. */
  data: z.record(z.string(), z.unknown()),
});

/** `GET /v1/events`. Conditions hold for what is so after a change. */
export const eventsQuery = z.strictObject({
  /** Behind this sequence; `now`: what comes from now on. Without: from the oldest that is kept. */
  since: z.union([z.literal('now'), z.coerce.number().int().min(0)]).optional(),
  follow: z.stringbool().default(false),
  status: repeated(z.enum(STATUSES)),
  kind: repeated(z.enum(CHANGE_KINDS)),
  /** `key=value`, or `key` with any value; all must hold. */
  label: repeated(z.string()),
  sweep: z.string().optional(),
});

export type ChangeLine = z.infer<typeof changeLine>;
export type EventsQuery = z.infer<typeof eventsQuery>;
export type EventsQueryInput = z.input<typeof eventsQuery>;
