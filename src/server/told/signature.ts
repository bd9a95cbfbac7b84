import { createHmac } from 'node:crypto';

interface Signed {
  /** `whsec_…`. */
  secret: string;
  /** Of the message: the same at each try. */
  id: string;
  /** Seconds since 1970, of this try. */
  timestamp: number;
  body: string;
}

/** The headers of a message that only who has the secret can have sent (Standard Webhooks, `v1`). */
export function signatureHeaders({ secret, id, timestamp, body }: Signed): Record<string, string> {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signature}`,
  };
}
