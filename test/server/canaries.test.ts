/**
 * A team's server with people, a project, hooks, clones, builds and pods, whose every secret is a canary: none of them is
 * found anywhere but in the store. Then all of it goes into a backup, and from there to another machine.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGitServer, type GitServer } from '../fakes/git-server.ts';
import { PROGRAM } from './process.ts';
import { githubPush, openTeam, type Team } from './team.ts';

const run = promisify(execFile);
const canary = (what: string) => `canary-${what}-${randomBytes(12).toString('hex')}`;
const MESSAGE = 'exp: run it';
const manifest = {
  kind: 'AIchorManifest',
  apiVersion: '0.2.3',
  builder: { image: 'x', dockerfile: './Dockerfile', context: '.' },
  spec: {
    operator: 'jobset',
    image: 'x',
    command: 'sh run.sh',
    types: { worker: { count: 1, resources: { cpus: 0.1, ramRatio: 0.01 } } },
  },
};
const FILES = {
  'manifest.yaml': JSON.stringify(manifest),
  Dockerfile: 'FROM scratch\n',
  'run.sh': 'test -n "$RUN_SECRET" && echo "it has its secret"\n',
};

/** By what they are for. Those that the server makes are added when it tells them. */
const canaries = new Map<string, string>([
  ['key of the server', canary('server-key')],
  ['token for Git', canary('git-token')],
  ['variable of pods', canary('run')],
  ['variable of the build', `https://build:${canary('build')}@packages.example.org/simple`],
  ['wrong key', canary('wrong-key')],
]);
const secretOf = (what: string): string => canaries.get(what) ?? '';

/** Everything that was told to anybody, with where it was told. */
const told: { where: string; text: string }[] = [];
let team: Team;
let other: Team;
let origin: GitServer;
let path: string;
let outside: string;
let watching: NodeJS.Timeout;

const call = async (method: string, route: string, body?: unknown, key = secretOf('key of the server')) => {
  const answered = await team.call(method, route, body, key);
  told.push({ where: `${method} ${route}`, text: JSON.stringify(answered.body) });
  return answered;
};
/** An answer that tells a secret, once, to whoever asked for it: that field aside, it tells none. */
async function made(
  what: string,
  field: string,
  [method, route, body]: [string, string, unknown],
): Promise<string> {
  const { body: document } = await team.call(method, route, body, secretOf('key of the server'));
  const { [field]: secret, ...rest } = document;
  canaries.set(what, secret);
  told.push({ where: `${method} ${route}`, text: JSON.stringify(rest) });
  return secret;
}
async function aichor(args: string[], env: Record<string, string> = {}, home = team.home): Promise<string> {
  const all = { ...process.env, AICHOR_HOME: home, AICHOR_SERVER: '', ...env };
  const { stdout, stderr } = await run(process.execPath, [PROGRAM, ...args], { env: all }).catch(
    (error) => error,
  );
  told.push({ where: `aichor ${args.join(' ')}`, text: `${stdout}${stderr}` });
  return stdout;
}

const listed = async (route: string, field: string) => (await call('GET', route)).body[field];
async function untilDone(): Promise<void> {
  for (;;) {
    // Deliveries first: what they made is among the experiments that are asked for afterwards.
    const all: { status: string; decision: string }[] = [
      ...(await listed('/projects/p/deliveries?limit=1000', 'deliveries')),
      ...(await listed('/experiments', 'experiments')),
    ];
    const isDone = (one: { status?: string; decision?: string }) =>
      one.decision === undefined
        ? ['Succeeded', 'Failed', 'Cancelled'].includes(String(one.status))
        : one.decision !== 'queued';
    if (all.length > 0 && all.every(isDone)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
const push = (commit: string, message: string, secret: string) => {
  const { url, ...init } = githubPush({ url: `${team.url}${path}`, secret }, { commit, message });
  return fetch(url, { method: 'POST', ...init });
};

/** Arguments of every process of the machine, again and again. */
function lookAtArguments(): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const text = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      if (text.includes('canary-') || secretsIn(text).length > 0) told.push({ where: 'arguments', text });
    } catch {
      // It has ended.
    }
  }
}
const secretsIn = (text: string): string[] =>
  [...canaries].filter(([, secret]) => text.includes(secret)).map(([what]) => what);

/** Files below a folder that hold a secret: `where: what`. */
function found(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap(({ parentPath, name }) => {
      const file = join(parentPath, name);
      return secretsIn(readFileSync(file, 'latin1')).map((what) => `${relative(folder, file)}: ${what}`);
    });
}

beforeAll(async () => {
  origin = await startGitServer({ basic: `git:${secretOf('token for Git')}` });
  origin.commit(FILES, 'before the project');
  team = openTeam();
  outside = mkdtempSync(join(tmpdir(), 'aichor-outside-'));
  const keyFile = join(outside, 'admin-key');
  writeFileSync(keyFile, `${secretOf('key of the server')}\n`, { mode: 0o600 });
  await team.start({ AICHOR_ADMIN_KEY_FILE: keyFile, AICHOR_LOG: 'stderr' });
  if (process.platform === 'linux') watching = setInterval(lookAtArguments, 20);
  const member = await made('key of a member', 'key', ['POST', '/keys', { name: 'anna', role: 'member' }]);
  const project = await call('POST', '/projects', {
    name: 'p',
    engines: ['local'],
    repository: origin.url,
    allow_inner_addresses: true,
    git: { kind: 'token', token: secretOf('token for Git') },
    variables: [
      { name: 'RUN_SECRET', value: secretOf('variable of pods'), scope: 'run', sensitive: true },
      { name: 'PIP_INDEX_URL', value: secretOf('variable of the build'), scope: 'build', sensitive: true },
    ],
  });
  if (project.status !== 201) throw new Error(JSON.stringify(project.body));
  const hook = await team.call(
    'POST',
    '/projects/p/hook',
    { provider: 'github' },
    secretOf('key of the server'),
  );
  path = new URL(hook.body.url).pathname;
  canaries.set('secret of the hook', hook.body.secret);
  const secret = hook.body.secret;
  // Refused: by its key, its signature; and what cannot be fetched, found, read.
  await call('GET', '/experiments', undefined, secretOf('wrong key'));
  told.push({
    where: 'wrong signature',
    text: await (await push('a'.repeat(40), MESSAGE, secretOf('wrong key'))).text(),
  });
  told.push({
    where: 'no such commit',
    text: await (await push('b'.repeat(40), 'no trigger', secret)).text(),
  });
  const commit = origin.commit({}, MESSAGE);
  told.push({ where: 'hook', text: await (await push(commit, MESSAGE, secret)).text() });
  const bad = origin.commit({ 'manifest.yaml': 'kind: [\n' }, MESSAGE, 'bad');
  told.push({ where: 'hook', text: await (await push(bad, MESSAGE, secret)).text() });
  const sources = [
    { kind: 'commit', repository: origin.url, commit_sha: commit },
    { kind: 'commit', repository: origin.url, commit_sha: 'no-such-branch' },
  ];
  for (const source of sources) await call('POST', '/experiments', { source, project: 'p' }, member);
  await call('POST', '/projects', { name: 'p', git: { kind: 'token', token: secretOf('token for Git') } });
  await call('POST', '/projects/p', { variables: { '': secretOf('variable of pods') } });
  await untilDone();
  await aichor(['projects', 'get', 'p'], { AICHOR_SERVER: team.url, AICHOR_API_KEY: member });
  await aichor(['audit'], { AICHOR_SERVER: team.url, AICHOR_API_KEY: secretOf('key of the server') });
  await aichor(['experiments', 'list'], { AICHOR_SERVER: team.url, AICHOR_API_KEY: secretOf('wrong key') });
  await aichor(['server', 'status']);
  await aichor(['server', 'logs']);
  for (const route of [
    '/projects',
    '/projects/p',
    '/projects/p/deliveries',
    '/audit',
    '/keys',
    '/engines',
    '/server',
  ])
    await call('GET', route);
  for (const { experiment_id: id } of await listed('/experiments', 'experiments'))
    for (const part of ['', '/manifest', '/logs']) await call('GET', `/experiments/${id}${part}`);
  await call('GET', '/events');
  const metrics = await fetch(`${team.url}/metrics`, { headers: { authorization: `Bearer ${member}` } });
  told.push({ where: '/metrics', text: await metrics.text() });
}, 180_000);
afterAll(async () => {
  clearInterval(watching);
  await team.remove();
  await other?.remove();
  origin.close();
  rmSync(outside, { recursive: true, force: true });
});

describe('no key, token or secret', () => {
  it('is missing in what must have them: the experiments ran', async () => {
    const all: { status: string }[] = await listed('/experiments', 'experiments');
    expect(all.map(({ status }) => status).sort(), JSON.stringify(all)).toEqual([
      'Failed',
      'Succeeded',
      'Succeeded',
    ]);
    expect(origin.seen.some(({ authorization }) => authorization !== undefined)).toBe(true);
    expect(told.find(({ text }) => text.includes('it has its secret'))).toBeDefined();
    expect(canaries.size).toBe(7);
  });

  it('is told: in no answer, error, log, record, event, metric or argument', () => {
    expect(told.length).toBeGreaterThan(25);
    const where = told.filter(({ text }) => secretsIn(text).length > 0);
    expect(where.map((one) => `${one.where}: ${secretsIn(one.text).join()}`)).toEqual([]);
    expect(secretsIn(team.stderr)).toEqual([]);
    expect(team.stderr).toContain('"msg":"request"');
  });

  it('stands in a file, but in the store of secrets, which only its owner can read', () => {
    const store = /^private-values\.sqlite(?:-wal|-shm)?: /;
    expect(found(team.home).filter((one) => !store.test(one))).toEqual([]);
    expect(found(team.home).length).toBeGreaterThanOrEqual(4);
    for (const name of readdirSync(team.home).filter((one) => one.startsWith('private-values')))
      expect([name, statSync(join(team.home, name)).mode & 0o777]).toEqual([name, 0o600]);
  });
});

it('a backup of the server while it runs brings all of it to another machine', async () => {
  const file = join(outside, 'backup.tar');
  expect(JSON.parse(await aichor(['server', 'backup', file]))).toMatchObject({ experiments: 3 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const before = {
    projects: await listed('/projects', 'projects'),
    deliveries: await listed('/projects/p/deliveries', 'deliveries'),
    keys: (await listed('/keys', 'keys')).map(({ name }: { name: string }) => name),
  };
  await team.end('SIGTERM');
  other = openTeam();
  expect(JSON.parse(await aichor(['server', 'restore', file], {}, other.home))).toMatchObject({
    experiments: 3,
  });
  const first = team;
  team = other;
  try {
    await team.start({ AICHOR_ADMIN_KEY_FILE: join(outside, 'admin-key') });
    const storage = expect.any(Object);
    expect(await listed('/projects', 'projects')).toEqual([{ ...before.projects[0], storage }]);
    expect(await listed('/projects/p/deliveries', 'deliveries')).toEqual(before.deliveries);
    const member = secretOf('key of a member');
    expect((await call('GET', '/identity', undefined, member)).body).toMatchObject({
      name: 'anna',
      role: 'member',
    });
    expect(before.keys).toEqual(['anna']);
    // The same hook, the same secret, the same token: a push goes on starting experiments, and no commit does so twice.
    const commit = origin.commit(FILES, MESSAGE);
    expect((await push(commit, MESSAGE, secretOf('secret of the hook'))).status).toBe(202);
    const again = before.deliveries.find(({ decision }: { decision: string }) => decision === 'made');
    expect((await push(again.commit, MESSAGE, secretOf('secret of the hook'))).status).toBe(200);
    await untilDone();
    const [newest, ...others] = await listed('/experiments', 'experiments');
    expect(newest).toMatchObject({ status: 'Succeeded', source: { commit_sha: commit } });
    expect(others).toHaveLength(3);
  } finally {
    team = first;
  }
}, 120_000);
