import type { CommitTarget, NotifyTarget } from '../../experiment/told/target.ts';
import { InnerAddress, isInnerHost, outerLookup } from '../../base/http/inner-address.ts';
import { openRemote } from '../../base/http/remote.ts';
import { run } from '../../base/io/run.ts';
import { systemErrorCode } from '../../errors.ts';
import type { DueMessage } from './outbox.ts';
import { signatureHeaders } from './signature.ts';

/** What came of a try: null, or why it failed; `isFinal`: another one would fail the same way. */
export type Delivered = null | { why: string; isFinal: boolean };

export interface Delivering {
  /** For proxies. */
  env: Record<string, string | undefined>;
  version: string;
  now(): Date;
  /** Whether others than the server's own user may name addresses of inner networks. */
  innerAllowed: boolean;
  /** Variables of a command. */
  environmentOf(id: string): Promise<Record<string, string>>;
  /** Writes what came of an experiment to its commit. */
  writeStatus(id: string, target: CommitTarget, signal: AbortSignal): Promise<Delivered>;
  signal: AbortSignal;
}

const CONNECT_MS = 10_000;
const ANSWER_MS = 20_000;
const COMMAND_MS = 60_000;

/** One try to tell one target. Never throws but the signal's reason. */
export async function deliver(by: Delivering, delivery: DueMessage): Promise<Delivered> {
  const { target } = delivery;
  if (target.kind === 'commit') return by.writeStatus(delivery.experiment_id, target, by.signal);
  return target.kind === 'url' ? post(by, delivery, target) : runCommand(by, delivery, target);
}

async function post(
  { env, version, now, innerAllowed, signal }: Delivering,
  { message_id: id, body, isTrusted }: DueMessage,
  { url, secret }: Extract<NotifyTarget, { kind: 'url' }>,
): Promise<Delivered> {
  const { origin, pathname, search, hostname, username, password } = new URL(url);
  const mayBeInner = isTrusted || innerAllowed;
  if (!mayBeInner && isInnerHost(hostname)) return refusedInner(hostname);
  const timestamp = Math.floor(now().getTime() / 1000);
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  try {
    const lookup = mayBeInner ? {} : { lookup: outerLookup };
    const remote = await openRemote(origin, { env, connectMs: CONNECT_MS, ...lookup });
    // What answers with a redirect is not followed: the message is for whom the user named.
    const { status, body: answer } = await remote.send({
      method: 'POST',
      path: `${pathname}${search}`,
      headers: {
        'content-type': 'application/json',
        'user-agent': `aichor/${version}`,
        ...(username !== '' && { authorization: `Basic ${login.toString('base64')}` }),
        ...signatureHeaders({ secret, id, timestamp, body }),
      },
      body,
      answerMs: ANSWER_MS,
      signal,
    });
    answer.on('error', () => undefined).destroy();
    return judged(status, hostname);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof InnerAddress) return refusedInner(hostname);
    const code = systemErrorCode(error);
    return { why: `${hostname} could not be reached (${code ?? 'no connection'})`, isFinal: false };
  }
}

function refusedInner(host: string): Delivered {
  return { why: `${host} is an address of an inner network, which this server does not tell`, isFinal: true };
}

function judged(status: number, host: string): Delivered {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400)
    return { why: `${host} answered with a redirect (${status}), which is not followed`, isFinal: true };
  return { why: `${host} answered ${status}`, isFinal: status === 410 };
}

async function runCommand(
  { environmentOf, signal }: Delivering,
  { experiment_id: id, body }: DueMessage,
  { command: [program = '', ...words] }: Extract<NotifyTarget, { kind: 'command' }>,
): Promise<Delivered> {
  const env = await environmentOf(id);
  const cwd = env['HOME'];
  // What it prints may hold what it was given: nothing of it is kept.
  const { ok, why } = await run(program, words, {
    env: { ...env, AICHOR_EXPERIMENT_ID: id },
    ...(cwd !== undefined && { cwd }),
    input: `${body}\n`,
    timeoutMs: COMMAND_MS,
    mostBytes: 1 << 20,
    signal,
  });
  return ok ? null : { why, isFinal: false };
}
