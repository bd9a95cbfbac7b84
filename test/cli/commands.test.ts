import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BIN, documentOf, errorOf, makeProgram, manifest, type Program } from './program.ts';

let program: Program;
beforeAll(() => {
  program = makeProgram('commands', { TOKEN: 'hunter2' });
});
afterAll(() => program.close());

const aichor: Program['aichor'] = (...args) => program.aichor(...args);
const submit: Program['submit'] = (...flags) => program.submit(...flags);

describe('the command line', () => {
  it('is ours from the first word on: node takes no flag out of it', async () => {
    const { env, home, repo } = program;
    const typed = ['experiments', 'submit', 'local', '--env-file', join(home, 'absent.env')];
    const started = spawnSync(BIN, typed, { env, cwd: repo, encoding: 'utf8' });
    const outcome = { ...started, code: started.status };
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(errorOf(outcome)).toMatchObject({ code: 'usage', message: expect.stringContaining('absent.env') });
  });

  it.each([
    ['--ouput', '--output'],
    ['--jsn', '--json'],
    ['--statu', '--status'],
  ])('knows the flag that was meant by %s, of a command and of all', async (typed, meant) => {
    const outcome = await aichor(['experiments', 'list', typed, 'json']);
    expect(errorOf(outcome)).toMatchObject({
      code: 'usage',
      hint: expect.stringContaining(`did you mean \`${meant}\``),
    });
  });

  it.each([['get'], ['logs'], ['wait'], ['resubmit'], ['cancel'], ['delete']])(
    'refuses an empty id: experiments %s ""',
    async (verb) => {
      const outcome = await aichor(['experiments', verb, '']);
      expect(outcome).toMatchObject({ code: 2, stdout: '' });
      expect(errorOf(outcome)).toMatchObject({ code: 'usage', message: 'an ID is empty' });
    },
  );
});

it('names the manifest of a commit as it is called there', async () => {
  const { env, home } = program;
  const origin = join(home, 'origin');
  mkdirSync(origin);
  const broken = manifest('sh main.sh').replace('count', 'cout');
  writeFileSync(join(origin, 'manifest.yaml'), broken);
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
  const git = (...args: string[]) => execFileSync('git', [...identity, ...args], { cwd: origin, env });
  git('init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'one');
  git('remote', 'add', 'origin', origin);
  const outcome = await aichor([
    ...['experiments', 'submit', 'commit-sha', 'HEAD'],
    ...['--repo-dir', origin, '--dry-run'],
  ]);
  expect(outcome).toMatchObject({ code: 3, stdout: '' });
  const { message, diagnostics } = errorOf(outcome);
  expect(message).toMatch(/^manifest\.yaml has 1 mistake/);
  expect(diagnostics).toMatchObject([{ file: 'manifest.yaml', code: 'unknown-key' }]);
});

it('says in the record which of two manifests was taken', async () => {
  const repo = join(program.home, 'two');
  mkdirSync(join(repo, 'aichor_manifests'), { recursive: true });
  for (const place of ['manifest.yaml', 'aichor_manifests/manifest.yaml'])
    writeFileSync(join(repo, place), manifest('echo two'));
  const local = ['experiments', 'submit', 'local', '--repo-dir', repo, '--wait'];
  expect(documentOf(await aichor(local))).toMatchObject({
    manifest_path: 'aichor_manifests/manifest.yaml',
    notices: expect.arrayContaining([expect.objectContaining({ code: 'two_manifests' })]),
  });
});

describe('submitting', () => {
  it('prints the document, sends nothing twice, and ends with the record when it waits', async () => {
    const first = await submit('--message', 'one', '--label', 'sweep=a', '--env', 'RATE=3');
    expect(first.code).toBe(0);
    const document = documentOf(first);
    expect(Object.keys(document)).toEqual([
      'experiment_id',
      'status',
      'operator',
      'engine',
      'project',
      'message',
      'manifest_path',
      'source',
      'resubmit_of',
      'upload',
    ]);
    expect(document).toMatchObject({
      operator: 'jobset',
      engine: 'local',
      project: 'default',
      message: 'one',
      upload: { files: 2 },
    });
    const second = await submit('--follow', '--env', 'RATE=4');
    expect(second.code).toBe(0);
    expect(second.stderr).toContain('rate 4');
    expect(documentOf(second)).toMatchObject({
      status: 'Succeeded',
      pods: [{ pod: 'worker-0-0', exit_code: 0 }],
    });
    expect(documentOf(await submit()).upload.sent_bytes).toBe(0);
  });

  it('gives one experiment for one key, however often and at once', async () => {
    const ids = await Promise.all([1, 2].map(() => submit('--idempotency-key', 'k', '--quiet')));
    expect(ids[0]?.stdout).toMatch(/^[0-9a-f-]{36}\n$/);
    expect(ids[1]?.stdout).toBe(ids[0]?.stdout);
    const other = await submit('--idempotency-key', 'k', '--env', 'RATE=5');
    expect(other).toMatchObject({ code: 6, stdout: '' });
    expect(errorOf(other).code).toBe('conflict');
  });

  it('ends with 8 and both document and error when it fails', async () => {
    const outcome = await submit('--wait', '--env', 'CODE=3');
    expect(outcome.code).toBe(8);
    expect(documentOf(outcome)).toMatchObject({ status: 'Failed', reason: 'NonZeroExit' });
    expect(errorOf(outcome)).toMatchObject({ code: 'experiment_failed', exit_code: 8 });
    const again = await aichor([
      'experiments',
      'resubmit',
      documentOf(outcome).experiment_id,
      '--env',
      'CODE=0',
      '--wait',
    ]);
    expect(documentOf(again)).toMatchObject({
      status: 'Succeeded',
      resubmit_of: documentOf(outcome).experiment_id,
    });
  });

  it('creates nothing in a dry run', async () => {
    const before = documentOf(await aichor(['experiments', 'list'])).experiments.length;
    expect(documentOf(await submit('--dry-run', '--env', 'RATE=1'))).toMatchObject({
      manifest_path: 'manifest.yaml',
      snapshot: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      files: 2,
      plan: { engine: 'local', totals: { pods: 1 } },
    });
    expect(documentOf(await aichor(['experiments', 'list'])).experiments).toHaveLength(before);
  });

  it('keeps secrets out of everything that is printed', async () => {
    const outcome = await submit('--secret', 'TOKEN', '--wait');
    expect(outcome.code).toBe(0);
    expect(documentOf(outcome).secrets).toEqual(['TOKEN']);
    expect(outcome.stdout + outcome.stderr).not.toContain('hunter2');
  });

  it('goes on when the command is interrupted, and says how to end it', async () => {
    let interrupted = false;
    const onStderr = (text: string, interrupt: () => void) => {
      if (interrupted || !text.includes('notice: experiment ')) return;
      interrupted = true;
      interrupt();
    };
    const outcome = await aichor(
      ['experiments', 'submit', 'local', '--wait', '--env', 'HOLD=never', '--label', 'hold=1'],
      { onStderr },
    );
    expect(outcome).toMatchObject({ code: 130, stdout: '' });
    expect(errorOf(outcome)).toMatchObject({
      code: 'interrupted',
      hint: expect.stringContaining('aichor experiments cancel '),
    });
    const late = await aichor(['experiments', 'wait', 'latest', '--timeout', '1s']);
    expect(late.code).toBe(124);
    expect(documentOf(late).experiments).toHaveLength(1);
    const cancelled = await aichor(['experiments', 'cancel', '--label', 'hold=1', '--wait']);
    expect(cancelled.code).toBe(0);
    expect(documentOf(cancelled).experiments).toMatchObject([
      { status: 'Cancelled', reason: 'CancelledByUser' },
    ]);
    expect((await aichor(['experiments', 'wait', 'latest'])).code).toBe(9);
    expect(await aichor(['experiments', 'cancel', 'latest'])).toMatchObject({ code: 6, stdout: '' });
  });
});

describe('every mistake has its exit code, its code and a hint, and leaves stdout empty', () => {
  it.each<[string[], number, string]>([
    [['experiments', 'lst'], 2, 'usage'],
    [['get', 'experiments'], 2, 'usage'],
    [['submit', 'local', 'experiment'], 2, 'usage'],
    [['experiments', 'list', '--foo'], 2, 'usage'],
    [['experiments', 'list', '--limit', '0'], 2, 'usage'],
    [['experiments', 'list', '--status', 'Done'], 2, 'usage'],
    [['experiments', 'list', '--since', 'the day before'], 2, 'usage'],
    [['experiments', 'wait'], 2, 'usage'],
    [['experiments', 'cancel'], 2, 'usage'],
    [['experiments', 'cancel', '--all', 'latest'], 2, 'usage'],
    [['experiments', 'prune'], 2, 'usage'],
    [['experiments', 'get', 'deadbeef'], 5, 'not_found'],
    [['experiments', 'wait', 'deadbeef'], 5, 'not_found'],
    [['experiments', 'submit', 'local', '--repo-dir', 'nowhere'], 2, 'usage'],
    [['experiments', 'submit', 'local', '--manifest-path', 'x.yaml'], 3, 'repository_invalid'],
    [['experiments', 'submit', 'local', '--env', 'NOT_SET_HERE'], 2, 'usage'],
    [['experiments', 'submit', 'local', '--env', 'AICHOR_X=1'], 3, 'manifest_invalid'],
    [['experiments', 'submit', 'local', '--secret', 'NOT_SET_HERE'], 2, 'usage'],
    [['experiments', 'submit', 'local', '--engine', 'nowhere'], 7, 'engine_unavailable'],
    [['experiments', 'submit', 'commit-sha', 'HEAD'], 3, 'repository_invalid'],
    [['context', 'set', 'project'], 2, 'usage'],
    [['context', 'set', 'server', 'nonsense'], 2, 'usage'],
    [['context', 'set', 'engine', 'nowhere'], 7, 'engine_unavailable'],
    [['context', 'set', 'project', ' x'], 2, 'usage'],
    [['auth', 'key'], 2, 'usage'],
    [['auth', 'key', '--apikey', 'two words'], 2, 'usage'],
    [['experiments', 'submit', 'local', '--project', 'a\nb'], 2, 'usage'],
    [['experiments', 'prune', '--all', '--older-than', '1d'], 2, 'usage'],
    [['experiments', 'prune', '--older-than', 'long'], 2, 'usage'],
    [['experiments', 'prune', '--older-than', '1d', '--wait'], 2, 'usage'],
    [['experiments', 'prune', '--label', '=x'], 2, 'usage'],
  ])('aichor %j: %i', async (args, code, word) => {
    const outcome = await aichor(args);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(errorOf(outcome)).toMatchObject({ code: word, exit_code: code, hint: expect.any(String) });
  });

  it('a manifest with mistakes: 3, with all of them', async () => {
    const bad = join(program.home, 'bad');
    mkdirSync(bad);
    writeFileSync(
      join(bad, 'manifest.yaml'),
      manifest('true').replace('count: 1', 'cuont: 1').replace('operator: jobset', 'operator: jobsett'),
    );
    const outcome = await aichor(['experiments', 'submit', 'local', '--repo-dir', bad]);
    expect(outcome).toMatchObject({ code: 3, stdout: '' });
    expect(errorOf(outcome).diagnostics[0]).toMatchObject({ severity: 'error', line: 5 });
  });

  it('a server that is not there: 7', async () => {
    const outcome = await aichor(['experiments', 'list'], { more: { AICHOR_SERVER: 'http://127.0.0.1:9' } });
    expect(outcome).toMatchObject({ code: 7, stdout: '' });
    expect(errorOf(outcome).code).toBe('server_unreachable');
  });
});

it('lists engines and the server', async () => {
  expect(documentOf(await aichor(['engines', 'list'])).engines).toMatchObject([
    { name: 'local', kind: 'local', default: true },
  ]);
  expect(documentOf(await aichor(['server', 'status']))).toMatchObject({
    running: true,
    address: expect.stringContaining('server.sock'),
  });
});

it('deletes what has ended, and says which ids it did not find', async () => {
  const { experiment_id: id } = documentOf(await submit('--wait'));
  const outcome = await aichor(['experiments', 'delete', id, 'deadbeef']);
  expect(outcome.code).toBe(5);
  expect(documentOf(outcome).experiments).toMatchObject([{ experiment_id: id }]);
  expect((await aichor(['experiments', 'get', id])).code).toBe(5);
});
