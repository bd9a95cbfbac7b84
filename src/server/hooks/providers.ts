import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Provider } from '../../api/team/hook-contract.ts';

/** A request to a hook, as far as proofs and providers have to do with it. Names of headers are small. */
export interface HookRequest {
  headers: Readonly<Record<string, string | undefined>>;
  /** As it came: proofs are over bytes. */
  body: Buffer;
}

/** What a request shows of a secret: nothing that holds, the secret itself, or a signature with it. */
export const STRENGTHS = { none: 0, secret: 1, signature: 2 } as const;
export type Strength = (typeof STRENGTHS)[keyof typeof STRENGTHS];

interface Proof {
  strength: Strength;
  /** @param bodies the bytes, then what is inside of a form @param now milliseconds since 1970 */
  holds(request: HookRequest, secret: string, at: { bodies: readonly Buffer[]; now: number }): boolean;
}

interface Known {
  /** Whether a request is of this provider, by its headers alone. */
  isOf(headers: HookRequest['headers']): boolean;
  /** What happened, as the provider calls it; only a push is looked at. */
  event(headers: HookRequest['headers']): string | null;
  isPush(event: string | null): boolean;
  /** The provider's own name for a delivery. */
  delivery: readonly string[];
  /** The strongest first. */
  proofs: readonly Proof[];
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** An HMAC-SHA256 of the body in hex, in one of these headers, behind a prefix. */
function signedBody(headers: readonly string[], prefix: string): Proof {
  return {
    strength: STRENGTHS.signature,
    holds: (request, secret, { bodies }) =>
      headers.some((name) => {
        const given = request.headers[name];
        if (!given?.startsWith(prefix)) return false;
        return bodies.some((body) =>
          isSame(
            given.slice(prefix.length).toLowerCase(),
            createHmac('sha256', secret).update(body).digest('hex'),
          ),
        );
      }),
  };
}

/** GitLab's clock, and ours. */
const SKEW_MS = 300_000;

/** The form of Standard Webhooks: `v1,<base64>` of an HMAC over id, time and body; several may stand there. */
const STANDARD: Proof = {
  strength: STRENGTHS.signature,
  holds({ headers, body }, secret, { now }) {
    const { 'webhook-id': id, 'webhook-timestamp': stamp, 'webhook-signature': given } = headers;
    if (!id || !given || !/^\d{1,12}$/.test(stamp ?? '')) return false;
    if (Math.abs(now - Number(stamp) * 1000) > SKEW_MS) return false;
    const signed = createHmac('sha256', Buffer.from(secret, 'base64'))
      .update(`${id}.${stamp}.`)
      .update(body)
      .digest('base64');
    return given.split(' ').filter((one) => isSame(one, `v1,${signed}`)).length > 0;
  },
};

const TOKEN: Proof = {
  strength: STRENGTHS.secret,
  holds: ({ headers }, secret) => isSame(headers['x-gitlab-token'] ?? '', secret),
};

const BASIC: Proof = {
  strength: STRENGTHS.secret,
  holds({ headers }, secret) {
    const [scheme = '', given = ''] = (headers['authorization'] ?? '').split(' ', 2);
    const text = Buffer.from(given, 'base64').toString('utf8');
    const isRight = isSame(text.slice(text.indexOf(':') + 1), secret);
    return scheme.toLowerCase() === 'basic' && isRight;
  },
};

const HUB = ['x-hub-signature-256'];

/** Provider × event × proof. The order counts: Gitea also sends GitHub's headers. */
export const KNOWN: Readonly<Record<Provider, Known>> = {
  gitea: {
    isOf: (headers) => (headers['x-gitea-event'] ?? headers['x-forgejo-event']) !== undefined,
    event: (headers) => headers['x-gitea-event'] ?? headers['x-forgejo-event'] ?? null,
    isPush: (event) => event === 'push',
    delivery: ['x-gitea-delivery', 'x-forgejo-delivery'],
    proofs: [signedBody(HUB, 'sha256='), signedBody(['x-gitea-signature', 'x-forgejo-signature'], '')],
  },
  gitlab: {
    isOf: (headers) => headers['x-gitlab-event'] !== undefined,
    event: (headers) => headers['x-gitlab-event'] ?? null,
    isPush: (event) => event === 'Push Hook' || event === 'Tag Push Hook',
    delivery: ['webhook-id', 'idempotency-key', 'x-gitlab-event-uuid'],
    proofs: [STANDARD, TOKEN],
  },
  bitbucket: {
    // Data Center has events of its own names: what lost its id on the way is still told apart.
    isOf: (headers) =>
      headers['x-event-key'] !== undefined &&
      (headers['x-request-uuid'] !== undefined || headers['x-event-key'] === 'repo:push'),
    event: (headers) => headers['x-event-key'] ?? null,
    isPush: (event) => event === 'repo:push',
    delivery: ['x-request-uuid'],
    proofs: [signedBody(['x-hub-signature'], 'sha256=')],
  },
  'bitbucket-dc': {
    isOf: (headers) => headers['x-event-key'] !== undefined,
    event: (headers) => headers['x-event-key'] ?? null,
    isPush: (event) => event === 'repo:refs_changed',
    delivery: ['x-request-id'],
    proofs: [signedBody(['x-hub-signature'], 'sha256='), BASIC],
  },
  github: {
    isOf: (headers) => headers['x-github-event'] !== undefined,
    event: (headers) => headers['x-github-event'] ?? null,
    isPush: (event) => event === 'push',
    delivery: ['x-github-delivery'],
    proofs: [signedBody(HUB, 'sha256=')],
  },
  azure: {
    isOf: (headers) => headers['authorization'] !== undefined,
    // It stands in the body.
    event: () => null,
    isPush: () => true,
    delivery: [],
    proofs: [BASIC],
  },
};

const ORDER = ['gitea', 'gitlab', 'bitbucket', 'bitbucket-dc', 'github', 'azure'] as const;

/** Whose request it is, by its headers; null: nobody's that is known. */
export function providerOf(headers: HookRequest['headers']): Provider | null {
  return ORDER.find((provider) => KNOWN[provider].isOf(headers)) ?? null;
}

/**
 * The JSON of a body: as it is, or inside of a form (`payload=…`), which is the commonest mistake of whoever sets a hook
 * up. Signatures are over the body, and with Gitea over the JSON inside.
 */
export function bodiesOf({ headers, body }: HookRequest): { json: Buffer; signed: Buffer[] } {
  if (!/^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? ''))
    return { json: body, signed: [body] };
  const inside = Buffer.from(new URLSearchParams(body.toString('utf8')).get('payload') ?? '');
  return { json: inside, signed: [body, inside] };
}

/** How strongly a request proves that it comes from who knows one of the secrets. Every proof and secret is tried. */
export function strengthOf(
  request: HookRequest,
  provider: Provider,
  { secrets, now }: { secrets: readonly string[]; now: number },
): Strength {
  const { signed: bodies } = bodiesOf(request);
  let strongest: Strength = STRENGTHS.none;
  for (const secret of secrets)
    for (const proof of KNOWN[provider].proofs)
      if (proof.holds(request, secret, { bodies, now }) && proof.strength > strongest)
        strongest = proof.strength;
  return strongest;
}
