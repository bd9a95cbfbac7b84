import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const bin = join(import.meta.dirname, '../../bin/aichor.js');
const MANIFEST = `kind: AIchorManifest
apiVersion: "0.2.3"
builder: {image: x, dockerfile: ./Dockerfile, context: .}
spec:
  operator: jobset
  image: x
  command: mkdir "$AICHOR_OUTPUT_PATH/a" && echo weights > "$AICHOR_OUTPUT_PATH/a/model"
  types: {worker: {count: 1, resources: {cpus: 1, ramRatio: 1}}}
`;

let home: string;
let env: NodeJS.ProcessEnv;
let id: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'aichor-storage-'));
  env = { PATH: process.env['PATH'], HOME: home, AICHOR_HOME: join(home, 'state') };
  const repository = join(home, 'repository');
  mkdirSync(repository);
  writeFileSync(join(repository, 'manifest.yaml'), MANIFEST);
  writeFileSync(join(repository, 'Dockerfile'), 'FROM python:3.12-slim\nCOPY . .\n');
  id = aichor('experiments', 'submit', 'local', '--repo-dir', repository, '--wait').document.experiment_id;
}, 60_000);
afterAll(() => {
  execFileSync(process.execPath, [bin, 'server', 'stop'], { env });
  rmSync(home, { recursive: true, force: true });
});

function aichor(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    env,
    cwd: home,
    encoding: 'utf8',
  });
  return { code: status, document: stdout === '' ? null : JSON.parse(stdout), stderr };
}

describe('code', () => {
  const shape = (folder: string) =>
    execFileSync('find', ['.', '-mindepth', '1', '-printf', '%y %m %l %P\\n'], {
      cwd: folder,
      encoding: 'utf8',
    })
      .split('\n')
      .sort();

  test('comes back byte for byte, with modes, links and empty folders', () => {
    const repository = join(home, 'with-everything');
    const deep = `deep/${'long-name-'.repeat(12)}/${'x'.repeat(60)}`;
    for (const folder of ['empty/inner', deep]) mkdirSync(join(repository, folder), { recursive: true });
    writeFileSync(join(repository, 'manifest.yaml'), MANIFEST);
    writeFileSync(join(repository, 'Dockerfile'), 'FROM python:3.12-slim\nCOPY . .\n');
    writeFileSync(join(repository, 'run.sh'), '#!/bin/sh\r\n', { mode: 0o755 });
    writeFileSync(join(repository, `${deep}/ü b.bin`), Buffer.from([0, 255, 13, 10, 0]));
    writeFileSync(join(repository, 'large.bin'), Buffer.alloc(3 << 20, 'abc'));
    symlinkSync('run.sh', join(repository, 'link'));
    const submitted = aichor('experiments', 'submit', 'local', '--repo-dir', repository).document;
    const { code, document } = aichor(
      'experiments',
      'download-code',
      submitted.experiment_id,
      '--to',
      'code',
    );
    expect({ code, files: document.files }).toEqual({ code: 0, files: 6 });
    expect(shape(join(home, 'code'))).toEqual(shape(repository));
    execFileSync('diff', ['-r', repository, join(home, 'code')]);
    const again = aichor('experiments', 'download-code', submitted.experiment_id, '--to', 'code');
    expect({ code: again.code, document: again.document }).toEqual({ code: 6, document: null });
    expect(readdirSync(home).filter((name) => name.includes('.part-'))).toEqual([]);
    expect(aichor('experiments', 'download-code', 'nothing', '--to', 'other').code).toBe(5);
  });
});

describe('outputs', () => {
  test('are listed', () => {
    const { code, document } = aichor('storage', 'list', '--experiment', id);
    expect(code).toBe(0);
    expect(document).toEqual({
      kind: 'outputs',
      project: 'default',
      experiment_id: id,
      files: [{ path: 'a/model', bytes: 8, modified_at: expect.any(String), version: expect.any(String) }],
    });
  });

  test('of all experiments with a label are downloaded side by side', () => {
    expect(aichor('experiments', 'label', id, 'sweep=s').code).toBe(0);
    const { code, document } = aichor('storage', 'download', '--label', 'sweep=s', '--to', 'sweep');
    expect(code).toBe(0);
    expect(document.files).toMatchObject([{ path: `${id.slice(0, 8)}/a/model`, bytes: 8 }]);
    expect(readFileSync(join(home, 'sweep', id.slice(0, 8), 'a', 'model'), 'utf8')).toBe('weights\n');
    expect(aichor('storage', 'download', '--label', 'sweep=t', '--to', 'sweep').code).toBe(5);
    expect(aichor('storage', 'download', '--label', 'sweep=s', '--inputs').code).toBe(2);
  });

  test('are downloaded, and never overwritten unasked', () => {
    const to = ['--experiment', id, '--to', 'results'];
    const { code, document } = aichor('storage', 'download', ...to);
    expect(code).toBe(0);
    expect(document).toMatchObject({ destination: join(home, 'results'), bytes: 8 });
    const file = join(home, 'results', 'a', 'model');
    expect(readFileSync(file, 'utf8')).toBe('weights\n');
    writeFileSync(file, 'mine');
    expect(aichor('storage', 'download', ...to)).toMatchObject({ code: 6, document: null });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(aichor('storage', 'download', ...to, '--force').code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe('weights\n');
  });

  test('of nobody, or outside of the storage, are refused', () => {
    expect(aichor('storage', 'list', '--experiment', 'abcdef12').code).toBe(5);
    expect(aichor('storage', 'list', '../..').code).toBe(2);
    expect(aichor('storage', 'download', 'nothing', '--experiment', id).code).toBe(5);
  });
});

describe('a link', () => {
  test('that is not there is explained', () => {
    const { code, stderr } = aichor('experiments', 'open', id, 'tensorboard');
    expect({ code, error: JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error.hint }).toEqual({
      code: 5,
      error: expect.stringContaining('spec.tensorboard.enabled'),
    });
  });

  test('to something unknown is a wrong usage', () => {
    expect(aichor('experiments', 'open', id, 'grafana').code).toBe(2);
  });
});

describe('uploads', () => {
  const inputs = () => join(home, 'state', 'inputs', 'default');

  test('go to the inputs, whole, with the modes of files here, and come back', () => {
    const data = join(home, 'data');
    mkdirSync(join(data, 'inner'), { recursive: true });
    writeFileSync(join(data, 'inner', 'a.csv'), '1,2');
    symlinkSync(join(data, 'inner', 'a.csv'), join(data, 'link.csv'));
    symlinkSync(data, join(data, 'circle'));
    // Of several parts, the last one shorter.
    writeFileSync(join(data, 'large.bin'), Buffer.alloc((66 << 20) + 5, 'abcdefg'));
    const { code, document, stderr } = aichor('storage', 'upload', data);
    expect(code, stderr).toBe(0);
    expect(document.files.map(({ path }: { path: string }) => path)).toEqual([
      ...['data/inner/a.csv', 'data/large.bin', 'data/link.csv'],
    ]);
    expect(stderr).toContain('circle is left out');
    for (const name of ['inner/a.csv', 'large.bin', 'link.csv'])
      expect(readFileSync(join(inputs(), 'data', name)).equals(readFileSync(join(data, name)))).toBe(true);
    expect(readdirSync(join(home, 'state', 'uploads'))).toEqual([]);
    expect(aichor('storage', 'upload', data).document.unchanged).toBe(3);
    expect(aichor('storage', 'download', '--inputs', 'data/large.bin', '--to', 'large').code).toBe(0);
    expect(
      readFileSync(join(home, 'large/data/large.bin')).equals(readFileSync(join(data, 'large.bin'))),
    ).toBe(true);
  });

  test('leave out what is no file, say why, and send the rest', () => {
    const odd = join(home, 'odd');
    mkdirSync(odd);
    writeFileSync(join(odd, 'kept'), 'x');
    writeFileSync(Buffer.from(`${odd}/bad\xff`, 'latin1'), 'x');
    symlinkSync('loop', join(odd, 'loop'));
    symlinkSync('gone', join(odd, 'dangling'));
    execFileSync('mkfifo', [join(odd, 'pipe')]);
    const { code, document, stderr } = aichor('storage', 'upload', 'odd');
    expect(code, stderr).toBe(0);
    expect(document.files).toEqual([{ path: 'odd/kept', bytes: 1 }]);
    expect(stderr).toContain('loop is left out: the link leads nowhere, or in a circle');
    expect(stderr).toContain('dangling is left out: the link leads nowhere, or in a circle');
    expect(stderr).toContain('pipe is left out: it is no file');
    expect(stderr).toContain('bad\ufffd is left out: its name is not UTF-8');
    // Somebody who names it alone wants it to be there.
    for (const name of ['odd/pipe', 'odd/loop', 'odd/dangling']) {
      const alone = aichor('storage', 'upload', name);
      expect([alone.code, alone.document], alone.stderr).toEqual([name === 'odd/pipe' ? 2 : 5, null]);
    }
  });

  test('never go through a link, and replace no folder', () => {
    writeFileSync(join(home, 'f'), 'f');
    mkdirSync(join(home, 'outside'));
    mkdirSync(join(inputs(), 'folder', 'f'), { recursive: true });
    symlinkSync(join(home, 'outside'), join(inputs(), 'link'));
    for (const [to, code] of [
      ['link', 6],
      ['link/deeper', 6],
      ['folder', 6],
      ['../x', 2],
    ] as const)
      expect(aichor('storage', 'upload', 'f', '--to', to).code, to).toBe(code);
    expect(readdirSync(join(home, 'outside'))).toEqual([]);
    expect(aichor('storage', 'upload', 'nothing').code).toBe(5);
  });
});

test('an upload that is interrupted says that the same command goes on', async () => {
  writeFileSync(join(home, 'weights.bin'), '');
  truncateSync(join(home, 'weights.bin'), 2 ** 31);
  const uploading = spawn(process.execPath, [bin, 'storage', 'upload', 'weights.bin'], { env, cwd: home });
  const ended = once(uploading, 'close');
  let said = '';
  uploading.stderr.on('data', (text) => (said += text));
  const sent = () => readdirSync(join(home, 'state'), { recursive: true, encoding: 'utf8' });
  await expect.poll(() => sent().some((name) => name.includes('uploads/'))).toBe(true);
  uploading.kill('SIGINT');
  expect((await ended)[0], said).toBe(130);
  expect(JSON.parse(said).error).toMatchObject({
    code: 'interrupted',
    hint: expect.stringContaining('the same command again'),
  });
});
