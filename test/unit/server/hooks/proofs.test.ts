/** Our table of proofs beside what others hold for right: GitHub's own library, and that of Standard Webhooks (GitLab's form). */
import { createHmac, randomBytes } from 'node:crypto';
import { sign, verify } from '@octokit/webhooks-methods';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { Provider } from '../../../../src/api/team/hook-contract.ts';
import { STRENGTHS, strengthOf } from '../../../../src/server/hooks/providers.ts';

const NOW = Date.now();
const SECRET = randomBytes(32).toString('base64');
const BODIES: readonly string[] = [
  '{}',
  '',
  '{"message":"ünïcode ☂ \\u0000"}',
  ' {"ref": "refs/heads/main"}\r\n',
  JSON.stringify({ long: 'x'.repeat(300_000) }),
];

interface Sent {
  provider: Provider;
  headers: Record<string, string>;
  body: string;
  secrets?: readonly string[];
}

const ours = ({ provider, headers, body, secrets = [SECRET] }: Sent): boolean =>
  strengthOf({ headers, body: Buffer.from(body) }, provider, { secrets, now: NOW }) === STRENGTHS.signature;

describe('a signature over the body', () => {
  const ofHub: readonly [Provider, string][] = [
    ['github', 'x-hub-signature-256'],
    ['gitea', 'x-hub-signature-256'],
    ['bitbucket', 'x-hub-signature'],
    ['bitbucket-dc', 'x-hub-signature'],
  ];

  it.each(ofHub)('of %s that GitHub’s library makes is taken', async (provider, header) => {
    for (const body of BODIES.filter((text) => text !== '')) {
      const headers = { [header]: await sign(SECRET, body) };
      expect(ours({ provider, headers, body })).toBe(true);
      expect(ours({ provider, headers, body: `${body} ` })).toBe(false);
      expect(ours({ provider, headers, body, secrets: ['another'] })).toBe(false);
      expect(ours({ provider, headers, body, secrets: ['another', SECRET] })).toBe(true);
    }
  });

  it('is judged as GitHub’s library judges it, whatever stands there', async () => {
    const body = BODIES[3] ?? '';
    const right = await sign(SECRET, body);
    const forms = [
      right,
      right.slice(0, -1),
      `${right}0`,
      right.replace('sha256=', 'sha1='),
      right.slice('sha256='.length),
      `sha256=${createHmac('sha256', SECRET).update(body).digest('base64')}`,
      `sha256=${createHmac('sha1', SECRET).update(body).digest('hex')}`,
      'sha256=',
      'sha256=☂',
      ` ${right}`,
    ];
    for (const form of forms) {
      const theirs = await verify(SECRET, body, form);
      expect([form, ours({ provider: 'github', headers: { 'x-hub-signature-256': form }, body })]).toEqual([
        form,
        theirs,
      ]);
    }
    expect(ours({ provider: 'github', headers: {}, body })).toBe(false);
  });
});

describe('the form of Standard Webhooks', () => {
  const theirs = new Webhook(`whsec_${SECRET}`);
  const signed = (body: string, at = new Date(NOW), id = 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W') => ({
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': theirs.sign(id, at, body),
  });
  const theirJudgement = (body: string, headers: Record<string, string>): boolean => {
    try {
      theirs.verify(body, headers, { jsonParse: false });
      return true;
    } catch (error) {
      if (error instanceof WebhookVerificationError) return false;
      throw error;
    }
  };

  it('that its own library makes is taken, for every body', () => {
    for (const body of BODIES) {
      expect(ours({ provider: 'gitlab', headers: signed(body), body })).toBe(true);
      expect(ours({ provider: 'gitlab', headers: signed(body), body: `${body}x` })).toBe(false);
    }
  });

  const body = BODIES[3] ?? '';
  const right = signed(body);
  const signature = right['webhook-signature'];
  it.each<[string, Record<string, string>]>([
    ['as it is', right],
    ['behind another signature', { ...right, 'webhook-signature': `v1,${'A'.repeat(43)}= ${signature}` }],
    ['beside a version that is not known', { ...right, 'webhook-signature': `v2,abc ${signature}` }],
    ['under another version', { ...right, 'webhook-signature': signature.replace('v1,', 'v2,') }],
    ['with another id', { ...right, 'webhook-id': 'other' }],
    ['with another time', { ...right, 'webhook-timestamp': String(Number(right['webhook-timestamp']) - 1) }],
    ['with no time', { ...right, 'webhook-timestamp': 'now' }],
    ['without a signature', { ...right, 'webhook-signature': '' }],
    ['from ten minutes ago', signed(body, new Date(NOW - 600_000))],
    ['from ten minutes hence', signed(body, new Date(NOW + 600_000))],
    ['from four minutes ago', signed(body, new Date(NOW - 240_000))],
    ['from four minutes hence', signed(body, new Date(NOW + 240_000))],
    ['cut', { ...right, 'webhook-signature': signature.slice(0, -2) }],
  ])('%s is judged as its own library judges it', (_what, headers) => {
    expect(ours({ provider: 'gitlab', headers, body })).toBe(theirJudgement(body, headers));
  });
});
