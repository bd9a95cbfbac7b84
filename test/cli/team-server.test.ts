import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BIN, documentOf, errorOf, makeProgram, type Program } from './program.ts';

/** The team's machine, and one of its users. */
let machine: Program;
let user: Program;
let server: ChildProcess;
let address: string;
let key: string;
let said: Record<string, unknown>;

beforeAll(async () => {
  machine = makeProgram('team');
  user = makeProgram('user');
  mkdirSync(String(machine.env['AICHOR_HOME']), { mode: 0o700 });
  const settings = join(String(machine.env['AICHOR_HOME']), 'settings.json');
  writeFileSync(settings, '{"max_snapshot_gb": 0.002}', { mode: 0o600 });
  ({ server, said } = await serve());
  address = String(said['address']);
  key = readFileSync(String(said['key_file']), 'utf8').trim();
});
afterAll(async () => {
  if (server.exitCode === null) {
    server.kill('SIGINT');
    await once(server, 'exit');
  }
  await aichor(['context', 'set', 'server', '--unset']);
  user.close();
  machine.close();
});

async function serve(): Promise<{ server: ChildProcess; said: Record<string, unknown> }> {
  const child = spawn(process.execPath, [BIN, 'server', 'start', '--local', '--port', '0'], {
    env: machine.env,
  });
  const [line] = await once(child.stdout, 'data');
  return { server: child, said: JSON.parse(String(line)) };
}

const aichor: Program['aichor'] = (...args) => user.aichor(...args);

it('says what server status says, when it is ready', async () => {
  expect(said).toMatchObject({
    running: true,
    pid: server.pid,
    address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/),
    version: expect.any(String),
    live_experiments: 0,
    disk: { snapshots: expect.any(Number), environments: 0, logs: 0, outputs: 0, repositories: 0 },
  });
  // As du counts: folders that hold nothing yet take some blocks.
  expect(said['disk']).toHaveProperty(
    'snapshots',
    expect.toSatisfy((bytes: number) => bytes < 100_000),
  );
  expect(documentOf(await machine.aichor(['server', 'status']))).toMatchObject({ address, pid: server.pid });
});

it('takes nobody without its key', async () => {
  const stranger = { AICHOR_SERVER: address };
  const wrong = { ...stranger, AICHOR_API_KEY: 'wrong' };
  for (const more of [stranger, wrong]) {
    const outcome = await aichor(['experiments', 'list'], { more });
    expect(outcome).toMatchObject({ code: 4, stdout: '' });
    expect(errorOf(outcome)).toMatchObject({
      code: 'unauthenticated',
      hint: expect.stringContaining('aichor auth key'),
    });
  }
  const stored = await aichor(['auth', 'key', '--apikey', 'wrong'], { more: stranger });
  expect(stored).toMatchObject({ code: 4, stdout: '' });
  expect(documentOf(await aichor(['context', 'set', 'server', address])).settings.server.value).toBe(address);
  expect((await aichor(['auth', 'status'])).code).toBe(4);
});

it('gives a user who has it everything: submit, logs, record, and nothing is sent twice', async () => {
  const signedIn = await aichor(['auth', 'key', '--apikey', '-'], { stdin: `${key}\n` });
  expect(documentOf(signedIn).settings.api_key).toEqual({ value: '***', origin: 'file' });
  expect((await aichor(['auth', 'status'])).code).toBe(0);
  writeFileSync(join(user.repo, 'large.txt'), 'the same line\n'.repeat(100_000));
  const submitted = documentOf(await user.submit('--env', 'RATE=7'));
  expect(submitted.upload).toMatchObject({ files: 3 });
  const followed = await aichor(['experiments', 'logs', submitted.experiment_id, '--follow']);
  expect(followed.code).toBe(0);
  const lines = followed.stdout.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line)).filter(({ step }) => step === 'run')).toMatchObject([
    { pod: 'worker-0-0', text: 'rate 7' },
  ]);
  expect(documentOf(await user.submit('--wait'))).toMatchObject({ status: 'Succeeded' });
  expect(documentOf(await user.submit()).upload.sent_bytes).toBe(0);
  const [newest] = documentOf(await machine.aichor(['experiments', 'list'])).experiments;
  expect(newest.source.snapshot).toBe(submitted.source.snapshot);
  const to = join(user.home, 'code');
  const code = await aichor(['experiments', 'download-code', submitted.experiment_id, '--to', to]);
  expect(documentOf(code)).toMatchObject({ files: 3, snapshot: submitted.source.snapshot });
  execFileSync('diff', ['-r', user.repo, to]);
});

it('takes no larger directory than its settings say, and neither does a user whose own say so', async () => {
  const large = join(user.repo, 'larger.txt');
  writeFileSync(large, 'the same line\n'.repeat(200_000));
  const refused = await user.submit();
  expect(refused).toMatchObject({ code: 6, stdout: '' });
  expect(errorOf(refused)).toMatchObject({
    code: 'too_large',
    message: expect.stringContaining('the control plane takes 2.0 MB'),
    hint: expect.stringContaining('max_snapshot_gb'),
  });
  const own = await machine.aichor(['experiments', 'submit', 'local', '--repo-dir', user.repo]);
  expect(own.code).toBe(6);
  expect(errorOf(own)).toMatchObject({
    code: 'too_large',
    message: expect.stringMatching(/larger\.txt 2\.\d MB.*at most 2\.0 MB can be sent/),
  });
  rmSync(large);
});

it('takes a sweep', async () => {
  const made = await aichor(['experiments', 'sweep', '--grid', 'RATE=1,2', '--name', 'team', '--wait']);
  expect(made.code, made.stderr).toBe(0);
  const { experiments } = documentOf(made);
  expect(experiments).toMatchObject([{ env: { RATE: '1' } }, { env: { RATE: '2' } }]);
  expect(
    new Set(experiments.map(({ source }: { source: { snapshot: string } }) => source.snapshot)).size,
  ).toBe(1);
});

it('gives people keys of their own, each good for what its role is', async () => {
  const made = documentOf(
    await machine.aichor(['keys', 'create', '--name', 'anna', '--role', 'viewer', '--expires', '90d']),
  );
  expect(made).toMatchObject({ name: 'anna', role: 'viewer', key: expect.stringMatching(/^aichor_/) });
  const more = { AICHOR_SERVER: address, AICHOR_API_KEY: String(made.key) };
  expect(documentOf(await aichor(['auth', 'status'], { more })).identity).toEqual({
    name: 'anna',
    role: 'viewer',
    projects: null,
  });
  expect((await aichor(['experiments', 'list'], { more })).code).toBe(0);
  const refused = await aichor(['keys', 'list'], { more });
  expect(refused).toMatchObject({ code: 4, stdout: '' });
  expect(errorOf(refused)).toMatchObject({ code: 'forbidden', hint: expect.stringContaining('admin') });
  const { keys } = documentOf(await aichor(['keys', 'list']));
  expect(keys).toMatchObject([{ name: 'anna', last_used_at: expect.any(String) }]);
  const fresh = documentOf(await machine.aichor(['keys', 'rotate', 'anna']));
  expect((await aichor(['experiments', 'list'], { more })).code).toBe(4);
  const again = { ...more, AICHOR_API_KEY: String(fresh.key) };
  expect((await aichor(['experiments', 'list'], { more: again })).code).toBe(0);
  const following = spawn(process.execPath, [BIN, 'events', '--follow', '--since', '0'], {
    env: { ...user.env, ...again },
  });
  const ended = once(following, 'close');
  let complaint = '';
  following.stderr.on('data', (text) => (complaint += text));
  await once(following.stdout, 'data');
  following.stdout.resume();
  expect(documentOf(await machine.aichor(['keys', 'revoke', 'anna']))).toMatchObject({ name: 'anna' });
  expect(await ended).toEqual([4, null]);
  expect(complaint).toContain('"unauthenticated"');
  expect((await aichor(['experiments', 'list'], { more: again })).code).toBe(4);
  const wrong = await machine.aichor([
    'keys',
    'create',
    '--name',
    'ben',
    '--role',
    'viewer',
    '--expires',
    'soon',
  ]);
  expect(wrong).toMatchObject({ code: 2, stdout: '' });
}, 60_000);

it('leaves at Ctrl-C, and then cannot be reached', async () => {
  server.kill('SIGINT');
  expect(await once(server, 'exit')).toEqual([0, null]);
  const outcome = await aichor(['experiments', 'list']);
  expect(outcome).toMatchObject({ code: 7, stdout: '' });
  expect(errorOf(outcome)).toMatchObject({
    code: 'server_unreachable',
    message: expect.stringContaining(address),
  });
});

it('is stopped from its own machine, and keeps its key', async () => {
  ({ server, said } = await serve());
  expect(readFileSync(String(said['key_file']), 'utf8').trim()).toBe(key);
  const exited = once(server, 'exit');
  expect(documentOf(await machine.aichor(['server', 'stop']))).toMatchObject({ running: false, pid: null });
  expect(await exited).toEqual([0, null]);
});

it('is stopped by a user with its key', async () => {
  ({ server, said } = await serve());
  const exited = once(server, 'exit');
  const more = { AICHOR_SERVER: String(said['address']), AICHOR_API_KEY: key };
  expect(documentOf(await aichor(['server', 'stop'], { more }))).toMatchObject({ running: false });
  expect(await exited).toEqual([0, null]);
});
