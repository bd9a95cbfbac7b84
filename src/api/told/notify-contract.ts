import { z } from 'zod';

/** `whsec_` and 24 to 64 bytes as base64, as Standard Webhooks have it. */
const webhookSecret = z.string().regex(/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/);

/** Whom an experiment tells when it is over, or waits for long. */
export const notifyTarget = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('url'),
    url: z.url({ protocol: /^https?$/ }).max(4096),
    secret: webhookSecret,
  }),
  /** Of the server's own user only: a program and its arguments, started without a shell. */
  z.object({
    kind: z.literal('command'),
    command: z.array(z.string().max(4096)).min(1).max(100),
  }),
]);
