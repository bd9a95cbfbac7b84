import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { accessWith } from '../../../src/object-store/credentials/access-with.ts';
import { NoCredentials } from '../../../src/object-store/credentials/credentials.ts';
import { findCredentials, rememberCredentials } from '../../../src/object-store/credentials/find.ts';
import { wordsOf } from '../../../src/object-store/credentials/program.ts';

const CANARY = 'canary-secret';
const NOW = new Date('2026-11-29T12:00:00Z');
const LATER = '2026-11-29T13:00:00Z';

let home: string;
let server: Server;
let address: string;
/** What the services of Amazon answer, by the beginning of a path. */
let answers: Record<string, (request: IncomingMessage) => { status?: number; body: string }>;
let asked: { method: string; url: string; headers: IncomingMessage['headers'] }[];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'aichor-credentials-'));
  mkdirSync(join(home, '.aws', 'sso', 'cache'), { recursive: true });
  answers = {};
  asked = [];
  server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    asked.push({ method, url, headers });
    const found = Object.entries(answers).find(([path]) => url.startsWith(path))?.[1](request);
    response.writeHead(found === undefined ? 404 : (found.status ?? 200)).end(found?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(home, { recursive: true, force: true });
});

function find(env: Record<string, string> = {}, profile: string | null = null) {
  const world = { HOME: home, PATH: process.env['PATH'], AWS_EC2_METADATA_DISABLED: 'true', ...env };
  return findCredentials({ env: world, now: () => NOW, profile });
}
const file = (name: string, text: string) => writeFileSync(join(home, '.aws', name), text);
const keys = (accessKey: string, more: object = {}) => ({
  accessKey,
  secretKey: CANARY,
  sessionToken: null,
  expires: null,
  ...more,
});
const JSON_KEYS = { AccessKeyId: 'id', SecretAccessKey: CANARY, Token: 'token', Expiration: LATER };
const ENDING = keys('id', { sessionToken: 'token', expires: new Date(LATER) });

test('the environment comes first, unless a profile is named for it', async () => {
  file('credentials', `[default]\naws_access_key_id=file\naws_secret_access_key = ${CANARY}\n`);
  const env = { AWS_ACCESS_KEY_ID: 'env', AWS_SECRET_ACCESS_KEY: CANARY, AWS_SESSION_TOKEN: 's' };
  expect((await find(env)).credentials).toEqual(keys('env', { sessionToken: 's' }));
  expect((await find()).credentials).toEqual(keys('file'));
  expect((await find(env, 'default')).credentials).toEqual(keys('file'));
});

test('a profile of both files, with its region and its endpoint', async () => {
  file(
    'config',
    `# mine\n[profile team]\nregion = eu-west-3 ; there\nendpoint_url=http://minio:9000\ns3 =\n  addressing_style = path\n[profile other]\nregion=x\n`,
  );
  file('credentials', `[team]\naws_access_key_id = t\naws_secret_access_key = ${CANARY}\n`);
  expect(await find({ AWS_PROFILE: 'team' })).toEqual({
    credentials: keys('t'),
    region: 'eu-west-3',
    endpoint: 'http://minio:9000',
  });
  await expect(find({ AWS_PROFILE: 'none' })).rejects.toThrow('there is no profile none in ~/.aws');
});

test('what a credential_process prints, whose words are no shell', async () => {
  const program = join(home, 'keys of mine');
  const said = {
    Version: 1,
    AccessKeyId: 'p',
    SecretAccessKey: CANARY,
    SessionToken: 'x',
    Expiration: LATER,
  };
  writeFileSync(program, `#!/bin/sh\n[ "$1" = 'a;b $HOME' ] && echo '${JSON.stringify(said)}'\n`, {
    mode: 0o755,
  });
  file('config', `[default]\ncredential_process = "${program}" 'a;b $HOME'\n`);
  expect((await find()).credentials).toEqual(keys('p', { sessionToken: 'x', expires: new Date(LATER) }));
  writeFileSync(program, `#!/bin/sh\necho ${CANARY}; echo ${CANARY} >&2; exit 3\n`);
  const failed = await find().catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(NoCredentials);
  expect(String(failed)).toContain('ended with code 3');
  expect(String(failed)).not.toContain(CANARY);
});

test('a role that is taken on with the keys of another profile', async () => {
  file(
    'config',
    '[profile team]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\nexternal_id = e\n',
  );
  file('credentials', `[base]\naws_access_key_id = b\naws_secret_access_key = ${CANARY}\n`);
  answers['/'] = () => ({
    body: `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>id</AccessKeyId><SecretAccessKey>${CANARY}</SecretAccessKey><SessionToken>token</SessionToken><Expiration>${LATER}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  });
  expect((await find({ AWS_ENDPOINT_URL_STS: address }, 'team')).credentials).toEqual(ENDING);
  expect(asked[0]?.url).toContain('Action=AssumeRole&');
  expect(asked[0]?.url).toContain('ExternalId=e');
  expect(asked[0]?.headers.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=b\/20261129\/us-east-1\/sts\//,
  );
  file(
    'config',
    '[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a\n',
  );
  await expect(find({}, 'a')).rejects.toThrow('leads to itself');
});

test('a web identity', async () => {
  writeFileSync(join(home, 'token'), 'jwt\n');
  answers['/'] = ({ url }) =>
    url?.includes('WebIdentityToken=jwt') === true
      ? {
          body: `<R><Credentials><AccessKeyId>id</AccessKeyId><SecretAccessKey>${CANARY}</SecretAccessKey><SessionToken>token</SessionToken><Expiration>${LATER}</Expiration></Credentials></R>`,
        }
      : { status: 400, body: CANARY };
  const env = {
    AWS_ROLE_ARN: 'arn',
    AWS_WEB_IDENTITY_TOKEN_FILE: join(home, 'token'),
    AWS_ENDPOINT_URL_STS: address,
  };
  expect((await find(env)).credentials).toEqual(ENDING);
  await expect(find({ ...env, AWS_WEB_IDENTITY_TOKEN_FILE: '/none' })).rejects.toThrow('cannot be read');
});

test('who has signed in with aws sso login, until that is over', async () => {
  file(
    'config',
    '[profile team]\nsso_session = us\nsso_account_id = 1\nsso_role_name = r\n[sso-session us]\nsso_region = eu-west-1\n',
  );
  const cache = join('sso', 'cache', `${createHash('sha1').update('us').digest('hex')}.json`);
  const env = { AWS_ENDPOINT_URL_SSO: address };
  await expect(find(env, 'team')).rejects.toThrow('run aws sso login --profile team');
  file(cache, JSON.stringify({ accessToken: CANARY, expiresAt: '2026-11-29T11:59:59Z' }));
  await expect(find(env, 'team')).rejects.toThrow('run aws sso login --profile team');
  file(cache, JSON.stringify({ accessToken: CANARY, expiresAt: LATER }));
  const role = {
    accessKeyId: 'id',
    secretAccessKey: CANARY,
    sessionToken: 'token',
    expiration: Date.parse(LATER),
  };
  answers['/federation/credentials?account_id=1&role_name=r'] = ({ headers }) =>
    headers['x-amz-sso_bearer_token'] === CANARY
      ? { body: JSON.stringify({ roleCredentials: role }) }
      : { status: 401, body: '' };
  expect((await find(env, 'team')).credentials).toEqual(ENDING);
});

test('the role of a container, and of a machine', async () => {
  answers['/of-container'] = ({ headers }) =>
    headers.authorization === 'bearer' ? { body: JSON.stringify(JSON_KEYS) } : { status: 401, body: '' };
  const container = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${address}/of-container`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: 'bearer',
  };
  expect((await find(container)).credentials).toEqual(ENDING);
  answers['/latest/api/token'] = ({ method }) =>
    method === 'PUT' ? { body: 'session' } : { status: 405, body: '' };
  const isIn = ({ headers }: IncomingMessage) => headers['x-aws-ec2-metadata-token'] === 'session';
  answers['/latest/meta-data/iam/security-credentials/r'] = (request) => ({
    body: isIn(request) ? JSON.stringify(JSON_KEYS) : '',
  });
  answers['/latest/meta-data/iam/security-credentials/'] = (request) => ({ body: isIn(request) ? 'r' : '' });
  const machine = { AWS_EC2_METADATA_SERVICE_ENDPOINT: address, AWS_EC2_METADATA_DISABLED: 'false' };
  expect((await find(machine)).credentials).toEqual(ENDING);
  await expect(find()).rejects.toThrow('there are no keys for the object store');
});

test('they are found once, and again before they end', async () => {
  let now = NOW;
  let found = 0;
  answers['/keys'] = () => {
    found++;
    return { body: JSON.stringify(JSON_KEYS) };
  };
  const env = { HOME: home, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${address}/keys` };
  const remembered = rememberCredentials({ env, now: () => now, profile: null });
  await Promise.all([remembered(), remembered()]);
  now = new Date('2026-11-29T12:54:00Z');
  await remembered();
  expect(found).toBe(1);
  now = new Date('2026-11-29T12:56:00Z');
  await remembered();
  expect(found).toBe(2);
});

test('what pods have beats them, and what is missing is said once', async () => {
  const none = () => Promise.reject(new NoCredentials('there are none'));
  const given = { project: {}, own: {}, endpoint: null };
  expect(await accessWith(given, none)).toEqual({ why: 'there are none' });
  const own = { AWS_ACCESS_KEY_ID: 'own', AWS_SECRET_ACCESS_KEY: CANARY };
  expect(await accessWith({ ...given, own }, none)).toMatchObject({ accessKey: 'own' });
  const found = async () => ({ credentials: keys('found'), region: 'eu-west-3', endpoint: null });
  expect(await accessWith(given, found)).toMatchObject({ accessKey: 'found', region: 'eu-west-3' });
});

test.each([
  [`/bin/keys  --name "a b" 'c d'`, ['/bin/keys', '--name', 'a b', 'c d']],
  [String.raw`a\ b "q\"r" x"y"z`, ['a b', 'q"r', 'xyz']],
  ['', []],
])('the words of %j', (line, words) => {
  expect(wordsOf(line)).toEqual(words);
});
