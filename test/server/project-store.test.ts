/**
 * Projects of a team's server with object stores of their own: two stores that check signatures, each with keys that only its
 * project has. Experiments, people's files and metrics go to the store of their project, and its keys are told to nobody.
 */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { serveObjects } from '../../src/object-store/serve/serve.ts';
import { s3Client, type S3Client } from '../object-store/client.ts';
import { PROGRAM } from './process.ts';
import { openTeam, type Team } from './team.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const run = promisify(execFile);
const PROJECTS = ['folding', 'docking'] as const;
const manifest = {
  kind: 'AIchorManifest',
  apiVersion: '0.2.3',
  builder: { image: 'x', dockerfile: './Dockerfile', context: '.' },
  spec: {
    operator: 'jobset',
    image: 'x',
    command: 'echo "$AICHOR_OUTPUT_PATH $AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID"; printf %s "$AWS_SECRET_ACCESS_KEY" | sha256sum',
    types: { worker: { count: 1, resources: { cpus: 0.1, ramRatio: 0.01 } } },
  },
}; // prettier-ignore

/** One project's store, and what a person of that project has. */
interface Own {
  keys: { accessKey: string; secretKey: string };
  server: Server;
  url: string;
  /** Its buckets lie in here. */
  folder: string;
  s3: S3Client;
  /** Key of a member of this project only. */
  member: string;
}

let folder: string;
let team: Team;
let repo: string;
const own = {} as Record<(typeof PROJECTS)[number], Own>;
/** All that was told to anybody. */
const told: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-project-store-'));
  repo = join(folder, 'repo');
  mkdirSync(repo);
  writeFileSync(join(repo, 'manifest.yaml'), JSON.stringify(manifest));
  writeFileSync(join(repo, 'Dockerfile'), 'FROM scratch\n');
  team = openTeam();
  const places = { input: 's3://{project}-inputs/', output: 's3://{project}-outputs/output/{experiment}/' };
  writeFileSync(join(team.home, 'settings.json'), JSON.stringify({ storage: places }), { mode: 0o600 });
  await team.start();
  for (const name of PROJECTS) own[name] = await openProject(name);
});

afterAll(async () => {
  await team.remove();
  for (const { server } of Object.values(own)) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

async function openProject(name: string): Promise<Own> {
  const keys = { accessKey: `KEY${name}`, secretKey: `canary-${name}-${randomBytes(12).toString('hex')}` };
  const place = join(folder, name);
  const buckets = ['inputs', 'outputs'].map((kind) => ({
    ...{ name: `${name}-${kind}`, folder: join(place, kind), writable: '' },
  }));
  for (const bucket of buckets) mkdirSync(bucket.folder, { recursive: true });
  const server = await serveObjects({ ...keys, port: 0, state: join(place, 'state'), buckets });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const variable = (of: string, value: string, sensitive: boolean) => ({ name: of, value, sensitive, scope: 'run' });
  const variables = [
    variable('AWS_ENDPOINT_URL', url, false),
    variable('AWS_ACCESS_KEY_ID', keys.accessKey, false),
    variable('AWS_SECRET_ACCESS_KEY', keys.secretKey, true),
  ];
  const made = await call('POST', '/projects', { name, engines: ['local'], variables });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  const member = { name: `of-${name}`, role: 'member', projects: [name] };
  const { body } = await call('POST', '/keys', member);
  return { keys, server, url, folder: place, s3: s3Client(port, keys), member: body.key };
} // prettier-ignore

async function call(method: string, route: string, body?: unknown, key?: string) {
  const answered = await team.call(method, route, body, key);
  told.push(JSON.stringify(answered.body));
  return answered;
}

/** The built program of a person of that project; what it printed, as JSON, and its error otherwise. */
async function aichor(project: (typeof PROJECTS)[number], ...words: string[]) {
  const env = {
    ...{ PATH: process.env['PATH'], HOME: folder, AICHOR_HOME: join(folder, `home-${project}`) },
    ...{ AICHOR_SERVER: team.url, AICHOR_API_KEY: own[project].member, AICHOR_PROJECT: project },
  };
  const { stdout, stderr } = await run(process.execPath, [PROGRAM, ...words, '--output', 'json'], {
    ...{ env, cwd: repo },
  }).catch((error: { stdout: string; stderr: string }) => error);
  told.push(stdout, stderr);
  const line = stderr.split('\n').find((one) => one.startsWith('{"error"')) ?? '{}';
  return { body: stdout === '' ? null : JSON.parse(stdout), error: JSON.parse(line).error ?? null };
}

test.each(PROJECTS)('experiments of %s have its store, and its outputs are read there', async (project) => {
  const { keys, url, s3, folder: place } = own[project];
  const { body, error } = await aichor(project, 'experiments', 'submit', 'local', '--engine', 'local', '--wait');
  expect(error).toBeNull();
  const { experiment_id: id, status, paths } = body;
  expect(status).toBe('Succeeded');
  expect(paths.output).toBe(`s3://${project}-outputs/output/${id}/`);
  const lines = (await call('GET', `/experiments/${id}/logs?text=true`)).body;
  expect(lines).toContain(`s3://${project}-outputs/output/${id}/ ${url} ${keys.accessKey}`);
  expect(lines).toContain(createHash('sha256').update(keys.secretKey).digest('hex'));

  await s3('PUT', `/${project}-outputs/output/${id}/model.bin`, { body: 'weights' });
  const listed = await aichor(project, 'storage', 'list', '--experiment', id);
  expect(listed.body.files).toMatchObject([{ path: 'model.bin', bytes: 7 }]);
  const to = join(folder, `back-${project}`);
  await aichor(project, 'storage', 'download', '--experiment', id, '--to', to);
  expect(readFileSync(join(to, 'model.bin'), 'utf8')).toBe('weights');
  writeFileSync(join(folder, 'data.csv'), '1,2\n');
  const sent = await aichor(project, 'storage', 'upload', join(folder, 'data.csv'), '--engine', 'local');
  expect(sent.error).toBeNull();
  expect(readFileSync(join(place, 'inputs/data.csv'), 'utf8')).toBe('1,2\n');

  // Who is of another project sees neither, by whatever name.
  const other = PROJECTS.find((each) => each !== project) ?? project;
  for (const words of [['--experiment', id], ['--inputs', '--project', project]])
    expect((await aichor(other, 'storage', 'list', ...words)).error, words.join(' ')).not.toBeNull();

  await aichor(project, 'experiments', 'delete', id, '--outputs');
  expect(readdirSync(join(place, 'outputs'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())).toEqual([]);
}); // prettier-ignore

test('keys that are changed hold for what comes next, and none were ever told', async () => {
  const { keys, member } = own.folding;
  const wrong = { name: 'AWS_SECRET_ACCESS_KEY', value: 'another', sensitive: true, scope: 'run' };
  await call('POST', '/projects/folding', { set_variables: [wrong] });
  const refused = await aichor('folding', 'storage', 'list', '--inputs', '--engine', 'local');
  expect(refused.error).toMatchObject({ code: 'forbidden', hint: expect.stringContaining('AWS_ACCESS_KEY_ID') });
  await call('POST', '/projects/folding', { set_variables: [{ ...wrong, value: keys.secretKey }] });
  const again = await aichor('folding', 'storage', 'list', '--inputs', '--engine', 'local');
  expect(again.body.files).toMatchObject([{ path: 'data.csv' }]);

  for (const route of ['/projects', '/projects/folding', '/audit', '/experiments', '/server'])
    await call('GET', route);
  await call('GET', '/projects/folding', undefined, member);
  await team.end('SIGTERM');
  for (const { keys: each } of Object.values(own)) {
    expect(told.filter((text) => text.includes(each.secretKey))).toEqual([]);
    expect(team.stderr).not.toContain(each.secretKey);
  }
  await team.start();
  const later = await aichor('docking', 'storage', 'list', '--inputs', '--engine', 'local');
  expect(later.body.files).toMatchObject([{ path: 'data.csv' }]);
}); // prettier-ignore
