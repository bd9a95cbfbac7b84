import { z } from 'zod';

/** Hosts of Git that tell of pushes, as `projects webhook-url --provider` names them. */
export const PROVIDERS = ['github', 'gitlab', 'bitbucket', 'bitbucket-dc', 'azure', 'gitea'] as const;

/** What became of a push: it waits to be looked at, an experiment was made, nothing is to be done, it went wrong, it proved nothing. */
export const DECISIONS = ['queued', 'made', 'ignored', 'failed', 'refused'] as const;

export const delivery = z.object({
  id: z.string(),
  time: z.iso.datetime({ precision: 3 }),
  /** Who told of it. `ls-remote`: no delivery did, and it was found; `redelivered`: somebody asked for it again. */
  provider: z.enum([...PROVIDERS, 'ls-remote', 'redelivered', 'unknown']),
  /** The provider's own name for the delivery. */
  delivery: z.string().nullable(),
  ref: z.string().nullable(),
  commit: z.string().nullable(),
  decision: z.enum(DECISIONS),
  why: z.string(),
  experiment_id: z.string().nullable(),
});

export const deliveryList = z.object({ deliveries: z.array(delivery) });

/** `GET /v1/projects/:name/deliveries`, the newest first; what has changed since is listed again by `after`. */
export const deliveryQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(50) });

/** `POST /v1/projects/:name/hook`: what to paste where the repository is. */
export const hookQuery = z.strictObject({
  provider: z.enum(PROVIDERS),
  /** Another secret; the one before it is good for a day more. */
  rotate: z.boolean().default(false),
});
export const hookAnswer = z.object({
  url: z.string(),
  secret: z.string(),
  /** Name beside the secret, where that asks for one; else null. */
  user: z.string().nullable(),
  content_type: z.string(),
  events: z.string(),
  /** Where to paste it. */
  notes: z.array(z.string()),
});

/** `POST /v1/projects/:name/explain`: a message that a commit may get, and the branch that it may be pushed to. */
export const triggerQuery = z.strictObject({
  message: z.string().max(100_000),
  branch: z.string().min(1).max(400).optional(),
});
/** Whether a push of it would start an experiment of the project. */
export const triggerAnswer = z.object({
  triggers: z.boolean(),
  /** Path of the manifest from the root of the repository; null: it triggers nothing. */
  manifest: z.string().nullable(),
  /** What was read, or what speaks against it. */
  why: z.string(),
  hint: z.string().nullable(),
});

export type Provider = (typeof PROVIDERS)[number];
export type Delivery = z.infer<typeof delivery>;
export type DeliveryList = z.infer<typeof deliveryList>;
export type HookQuery = z.infer<typeof hookQuery>;
export type HookQueryInput = z.input<typeof hookQuery>;
export type TriggerQuery = z.infer<typeof triggerQuery>;
export type TriggerAnswer = z.infer<typeof triggerAnswer>;
export type HookAnswer = z.infer<typeof hookAnswer>;
