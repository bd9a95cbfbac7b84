import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../base/io/run.ts';
import { AichorError } from '../errors.ts';
import { assertAllowed, placeOfRepository, type Reach } from './allowed.ts';
import { inTemporaryFolder, type Env } from './run-git.ts';

/** How a repository is got at that somebody else named. */
export interface Access extends Reach {
  /** Whose clones are kept for it: nobody else is given anything out of them. */
  holder: string;
  /** An admin has named the repository: its host is trusted with more than giving out its own files. */
  isNamed: boolean;
  /** For https: goes to the origin of the repository's URL, and nowhere else. */
  token: { user: string; token: string } | null;
  /** For ssh, as OpenSSH writes it. */
  private_key: string | null;
  /** Lines of `known_hosts`. No other host is talked to by ssh. */
  known_hosts: readonly string[];
}

/**
 * Calls `work` with an environment in which every Git, also that of submodules, gets at what is allowed and at nothing else:
 * the token as a header for one origin only, in variables (arguments can be read by others); no redirect, no helper,
 * no agent, no other protocol; ssh with this key, to hosts that are known. Throws AichorError `forbidden`, `not_found`.
 */
export async function withAccess<T>(
  repository: string,
  { access, env }: { access: Access; env: Env },
  work: (env: Env) => Promise<T>,
): Promise<T> {
  const addresses = await assertAllowed(repository, access);
  const place = placeOfRepository(repository);
  const settings = [
    ['protocol.allow', 'never'],
    ['protocol.https.allow', 'always'],
    ['protocol.ssh.allow', 'always'],
    ...(access.inner ? [['protocol.http.allow', 'always']] : []),
    ...(access.local ? [['protocol.file.allow', 'always']] : []),
    ['http.followRedirects', 'false'],
    ['credential.helper', ''],
    ['core.askPass', ''],
    ['submodule.recurse', 'false'],
    ...headerFor(place, access.token),
    ...(place?.protocol === 'https' && addresses.length > 0
      ? [
          [
            'http.curloptResolve',
            `${place.host}:${place.port ?? '443'}:${addresses.map(bracketed).join(',')}`,
          ],
        ]
      : []),
  ];
  const configured: Record<string, string | undefined> = {
    ...env,
    GIT_ASKPASS: undefined,
    SSH_ASKPASS: undefined,
    GIT_SSH: undefined,
    SSH_AUTH_SOCK: undefined,
    GIT_ALLOW_PROTOCOL: undefined,
    GIT_CONFIG_COUNT: String(settings.length),
  };
  for (const [index, [key, value]] of settings.entries()) {
    configured[`GIT_CONFIG_KEY_${index}`] = key;
    configured[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return inTemporaryFolder(async (folder) => {
    configured['GIT_SSH_COMMAND'] = await sshCommand(folder, access);
    return work(configured);
  });
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function headerFor(
  place: ReturnType<typeof placeOfRepository>,
  token: Access['token'],
): (readonly [string, string])[] {
  if (token === null || place === null || place.protocol === 'ssh') return [];
  const origin = `${place.protocol}://${bracketed(place.host)}${place.port === null ? '' : `:${place.port}`}`;
  const basic = Buffer.from(`${token.user}:${token.token}`).toString('base64');
  return [[`http.${origin}/.extraHeader`, `Authorization: Basic ${basic}`]];
}

/** The words of a shell line: paths of ours in a folder whose name needs no quotes. */
async function sshCommand(folder: string, { private_key, known_hosts }: Access): Promise<string> {
  const hosts = join(folder, 'known_hosts');
  await writeFile(hosts, known_hosts.map((line) => `${line}\n`).join(''), { mode: 0o600 });
  const key = join(folder, 'key');
  if (private_key !== null) await writeFile(key, private_key, { mode: 0o600 });
  return [
    'ssh -F none -oBatchMode=yes -oStrictHostKeyChecking=yes -oGlobalKnownHostsFile=/dev/null',
    `-oUserKnownHostsFile='${hosts}' -oIdentitiesOnly=yes -oIdentityAgent=none -oUpdateHostKeys=no`,
    private_key === null ? '-oIdentityFile=none' : `-oIdentityFile='${key}'`,
  ].join(' ');
}

/** A key of a host of ssh. */
export interface HostKey {
  /** As it stands in `known_hosts`. */
  line: string;
  type: string;
  /** `SHA256:…`, as ssh shows it. */
  fingerprint: string;
}

/** What a line of `known_hosts` says; null: it is none. */
export function hostKeyOf(line: string): HostKey | null {
  const [, type, key] = /^\S+ ((?:ssh|ecdsa|sk)-[\w@.-]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line.trim()) ?? [];
  if (type === undefined || key === undefined) return null;
  const hash = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '');
  return { line: line.trim(), type, fingerprint: `SHA256:${hash}` };
}

/** What the repository's host says that it is: somebody must compare it. None for https. Throws AichorError. */
export async function hostKeysOf(
  repository: string,
  { reach, env, signal }: { reach: Reach; env: Env; signal?: AbortSignal },
): Promise<HostKey[]> {
  await assertAllowed(repository, reach);
  const place = placeOfRepository(repository);
  if (place?.protocol !== 'ssh') return [];
  const port = place.port === null ? [] : ['-p', place.port];
  const words = ['-T', '10', ...port, '--', place.host];
  const scanned = await run('ssh-keyscan', words, { env, signal, timeoutMs: 30_000 });
  const keys = scanned.stdout.split('\n').flatMap((line) => hostKeyOf(line) ?? []);
  if (keys.length > 0) return keys.toSorted((a, b) => (a.type < b.type ? -1 : 1));
  throw new AichorError('not_found', `${place.host} told no key by which it could be known`, {
    hint: 'see that the address is right, and that ssh-keyscan HOST prints something on the server',
  });
}

/** A key pair for reading one repository. @param comment one word, for whoever looks at the host's list of keys */
export function makeKeyPair(comment: string, env: Env): Promise<{ private_key: string; public_key: string }> {
  return inTemporaryFolder(async (folder) => {
    const file = join(folder, 'key');
    const words = ['-q', '-t', 'ed25519', '-N', '', '-C', comment.replace(/[^\w.-]+/g, '-'), '-f', file];
    await ran('ssh-keygen', words, env);
    const [private_key, public_key] = [await readFile(file, 'utf8'), await readFile(`${file}.pub`, 'utf8')];
    return { private_key, public_key: public_key.trim() };
  });
}

/** The public half. Throws AichorError `usage` for what is no private key, or is protected by a passphrase. */
export function publicKeyOf(privateKey: string, env: Env): Promise<string> {
  return inTemporaryFolder(async (folder) => {
    const file = join(folder, 'key');
    await writeFile(file, privateKey, { mode: 0o600 });
    const result = await run('ssh-keygen', ['-y', '-P', '', '-f', file], { env });
    if (result.ok) return result.stdout.trim();
    throw new AichorError('usage', 'this is no private key of ssh without a passphrase', {
      hint: 'leave the file out, and one is made: aichor projects create --deploy-key new',
    });
  });
}

async function ran(program: string, words: readonly string[], env: Env): Promise<void> {
  const result = await run(program, words, { env });
  if (result.ok) return;
  throw new AichorError('engine_unavailable', `no key can be made: ${result.why}`, {
    hint: 'install the client of OpenSSH on the server',
  });
}
