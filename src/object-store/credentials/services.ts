import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRemote } from '../../base/http/remote.ts';
import { readText } from '../../base/http/send.ts';
import { readIfThere } from '../../base/io/files.ts';
import { ALGORITHM, EMPTY_SHA256, encode, scopeText, signatureOf, signingKey } from '../wire/signature.ts';
import { parseXml, type Element } from '../wire/xml.ts';
import { amazonHost } from '../client/access.ts';
import { credentialsOf, NoCredentials, type StoreKeys, type CredentialWorld } from './credentials.ts';
import { awsHome, type AwsProfile, type Profiles } from './profiles.ts';

/** Services of Amazon that give keys for a while. What they say is never repeated. */

const CONNECT_MS = 5000;
/** A machine that is none of Amazon's has nobody there. */
const INSTANCE_CONNECT_MS = 1000;
const ANSWER_MS = 20_000;
/** Addresses of the link that a machine of Amazon's is on. */
const INSTANCE = linkAddress(169, 254);
const CONTAINER = linkAddress(170, 2);

function linkAddress(third: number, fourth: number): string {
  return `http://${[169, 254, third, fourth].join('.')}`;
}

interface Asked {
  method?: 'GET' | 'PUT';
  headers?: Record<string, string>;
  connectMs?: number;
}

async function ask(url: string, whose: string, { env }: CredentialWorld, asked: Asked = {}): Promise<string> {
  const { method = 'GET', headers = {}, connectMs = CONNECT_MS } = asked;
  const { origin, pathname, search } = new URL(url);
  // What is on this machine's own network is not behind a proxy.
  const isNear = [INSTANCE, CONTAINER].includes(origin);
  const remote = await openRemote(origin, { env: isNear ? {} : env, connectMs });
  const answer = await remote
    .send({ method, path: `${pathname}${search}`, headers, answerMs: ANSWER_MS, silentMs: ANSWER_MS })
    .catch(() => {
      throw new NoCredentials(`${whose} cannot be reached`);
    });
  const text = await readText(answer.body);
  if (answer.status !== 200) throw new NoCredentials(`${whose} answered ${answer.status}`);
  return text;
}

function json(text: string, whose: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new NoCredentials(`${whose} answered something that cannot be read`);
  }
}

/** The role that a token of this machine's stands for: pods of EKS, jobs of a CI. */
export async function webIdentity(
  {
    role,
    tokenFile,
    session,
    region,
  }: { role: string; tokenFile: string; session: string | null; region: string },
  world: CredentialWorld,
): Promise<StoreKeys> {
  const token = await readToken(tokenFile);
  const query = {
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: role,
    RoleSessionName: session ?? 'aichor',
    WebIdentityToken: token,
  };
  return assumed(await ask(`${stsOf(world, region)}/?${searchOf(query)}`, 'the service STS', world));
}

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new NoCredentials(`the token file ${file} cannot be read`);
  });
  return text.trim();
}

/** A role that these keys may take on. */
export async function assumeRole(
  {
    role,
    session,
    externalId,
    region,
  }: { role: string; session: string | null; externalId: string | null; region: string },
  keys: StoreKeys,
  world: CredentialWorld,
): Promise<StoreKeys> {
  const query = {
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: role,
    RoleSessionName: session ?? 'aichor',
    ...(externalId !== null && { ExternalId: externalId }),
  };
  const base = stsOf(world, region);
  const time = world
    .now()
    .toISOString()
    .replace(/[-:]|\.\d+/g, '');
  const scope = { time, region, service: 'sts' };
  const headers: Record<string, string> = {
    host: new URL(base).host,
    'x-amz-date': time,
    ...(keys.sessionToken !== null && { 'x-amz-security-token': keys.sessionToken }),
  };
  const signable = { method: 'GET', path: '/', query: Object.entries(query), headers, payload: EMPTY_SHA256 };
  const signature = signatureOf(signable, scope, signingKey(keys.secretKey, scope));
  const names = Object.keys(headers).sort().join(';');
  const authorization = `${ALGORITHM} Credential=${keys.accessKey}/${scopeText(scope)}, SignedHeaders=${names}, Signature=${signature}`;
  const url = `${base}/?${searchOf(query)}`;
  return assumed(await ask(url, 'the service STS', world, { headers: { ...headers, authorization } }));
}

function stsOf({ env }: CredentialWorld, region: string): string {
  return env['AWS_ENDPOINT_URL_STS']?.replace(/\/$/, '') ?? amazonHost('sts', region);
}

function searchOf(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${name}=${encode(value)}`)
    .join('&');
}

function assumed(text: string): StoreKeys {
  const found = within(parseXml(text), 'Credentials');
  return credentialsOf(
    Object.fromEntries((found?.children ?? []).map((one) => [one.name, one.text])),
    'the service STS',
  );
}

function within(element: Element, name: string): Element | null {
  if (element.name === name) return element;
  for (const child of element.children) {
    const found = within(child, name);
    if (found !== null) return found;
  }
  return null;
}

/** What somebody has who has signed in with `aws sso login`. */
export async function signedIn(
  { name, profile, profiles }: { name: string; profile: AwsProfile; profiles: Profiles },
  world: CredentialWorld,
): Promise<StoreKeys> {
  const session = profile.get('sso_session');
  const shared = session === undefined ? profile : profiles.session(session);
  const start = session ?? profile.get('sso_start_url') ?? '';
  const file = `${createHash('sha1').update(start).digest('hex')}.json`;
  const text = await readIfThere(join(awsHome(world.env), '.aws', 'sso', 'cache', file));
  const again = new NoCredentials(
    `nobody is signed in for the profile ${name}: run aws sso login --profile ${name}`,
  );
  if (text === null) throw again;
  const kept = json(text, 'the cache of aws sso login') as { accessToken?: unknown; expiresAt?: unknown };
  const { accessToken: token, expiresAt: until } = kept;
  if (typeof token !== 'string' || new Date(String(until)) <= world.now()) throw again;
  const region = shared?.get('sso_region') ?? 'us-east-1';
  const base = world.env['AWS_ENDPOINT_URL_SSO']?.replace(/\/$/, '') ?? amazonHost('portal.sso', region);
  const query = {
    account_id: profile.get('sso_account_id') ?? '',
    role_name: profile.get('sso_role_name') ?? '',
  };
  const url = `${base}/federation/credentials?${searchOf(query)}`;
  const said = json(
    await ask(url, 'the sign-in of Amazon', world, { headers: { 'x-amz-sso_bearer_token': token } }),
    'it',
  );
  return credentialsOf((said as { roleCredentials?: unknown }).roleCredentials, 'the sign-in of Amazon');
}

/** What the role of a container or of a virtual machine has; null: this is neither. */
export async function ofMachine(world: CredentialWorld): Promise<StoreKeys | null> {
  const { env } = world;
  const container =
    env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ??
    (env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] === undefined
      ? undefined
      : `${CONTAINER}${env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']}`);
  if (container !== undefined) {
    const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
    const token = file === undefined ? env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] : await readToken(file);
    const headers = token === undefined ? {} : { authorization: token };
    const whose = 'the credentials of this container';
    return credentialsOf(json(await ask(container, whose, world, { headers }), whose), whose);
  }
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') return null;
  const base = env['AWS_EC2_METADATA_SERVICE_ENDPOINT']?.replace(/\/$/, '') ?? INSTANCE;
  const whose = 'the role of this machine';
  const connectMs = INSTANCE_CONNECT_MS;
  const lifetime = { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' };
  const asked = { method: 'PUT', headers: lifetime, connectMs } as const;
  const token = await ask(`${base}/latest/api/token`, whose, world, asked).catch(() => null);
  if (token === null) return null;
  const headers = { 'x-aws-ec2-metadata-token': token };
  const roles = `${base}/latest/meta-data/iam/security-credentials/`;
  const role = (await ask(roles, whose, world, { headers, connectMs })).split('\n')[0]?.trim() ?? '';
  const url = `${roles}${encodeURIComponent(role)}`;
  return credentialsOf(json(await ask(url, whose, world, { headers, connectMs }), whose), whose);
}
