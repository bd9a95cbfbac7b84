import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseManifest } from '../../../src/manifest/parse.ts';
import { copyFindings } from '../../../src/repository/dockerfile-findings.ts';
import { readDockerfile } from '../../../src/repository/read-dockerfile.ts';
import { SCAFFOLD_OPERATORS } from '../../../src/scaffold/answers/operators.ts';
import { MANIFEST_PATH, renderRepository } from '../../../src/scaffold/render.ts';
import { sentPaths } from '../../../src/snapshot/packaging/sent-paths.ts';
import { example, text } from '../manifest/examples.ts';

const TEMPLATES = join(import.meta.dirname, '../../../templates');
const FILES = ['train.py', 'src/digits/main.py', 'requirements.txt', 'data/a.csv', 'ctx/eval.py', 'link'];

interface Context {
  ignore?: string;
  context?: string;
  target?: string | null;
}

async function missing(lines: string, { ignore, context = '.', target = null }: Context = {}) {
  const { manifest } = parseManifest(text(example('jobset')), 'm.yaml');
  if (manifest === null) throw new Error('the example is broken');
  const builder = { ...manifest.builder, context, target };
  const contents: Record<string, string> = {
    [context === '.' ? 'Dockerfile' : `${context}/Dockerfile`]: lines,
  };
  if (ignore !== undefined) contents['.dockerignore'] = ignore;
  const list = [...FILES, ...Object.keys(contents)];
  const paths = { has: (path: string) => list.includes(path), list: () => list };
  const read = (path: string) => Promise.resolve(contents[path] ?? null);
  const found = await readDockerfile(builder, { paths, read });
  if (found === null) throw new Error('it is not read');
  return copyFindings(found, context, paths);
}

describe('what a Dockerfile copies and the context does not have', () => {
  test.each([
    ['COPY trian.py .', 'trian.py', 'did you mean train.py?'],
    ['COPY --chown=1:1 train.py requirments.txt /app/', 'requirments.txt', 'did you mean requirements.txt?'],
    ['COPY ["train.py", "dta/", "/app/"]', 'dta', 'did you mean data?'],
    ['ADD ./src/main.py .', 'src/main.py', 'did you mean src/digits/main.py?'],
    ['COPY nothing-like-it.bin .', 'nothing-like-it.bin', 'correct the line, or add it'],
    ['ARG F=gone.txt\nCOPY $F .', 'gone.txt', 'correct the line, or add it'],
    ['COPY \\\n  train.py \\\n  gone.txt \\\n  /app/', 'gone.txt', 'correct the line, or add it'],
  ])('%s', async (line, source, hint) => {
    const found = await missing(`FROM python:3.12\n${line}\n`);
    expect(found).toMatchObject([
      {
        code: 'copy-missing',
        severity: 'warning',
        file: 'Dockerfile',
        message: `${source} is not in the repository as it is sent`,
        hint: expect.stringContaining(hint),
      },
    ]);
    expect(found[0]?.line).toBe(line.startsWith('ARG') ? 3 : 2);
  });

  test.each([
    'COPY . .',
    'COPY ./ /app/',
    'COPY train.py /train.py data/ /app/',
    'COPY src src',
    'COPY *.lock uv.loc[k] missing? .',
    'COPY --from=ghcr.io/astral-sh/uv:0.5 /uv /bin/',
    'ADD https://example.org/gone.txt .',
    'ADD git@github.com:a/b.git /b',
    'COPY <<EOF /app/gone.txt\nCOPY gone.txt .\nEOF',
    'COPY link/below.txt .',
    'RUN cp gone.txt /',
    '# COPY gone.txt .',
  ])('%s: lacks nothing that is known', async (line) => {
    expect(await missing(`FROM python:3.12\n${line}\n`)).toEqual([]);
  });

  test('stages that are built: the one that is wanted, what it begins with and what it copies from', async () => {
    const lines =
      'FROM python AS a\nCOPY gone-a .\nFROM python AS b\nCOPY gone-b .\nFROM python AS c\nCOPY gone-c .\nFROM c\nCOPY --from=a /x /x\nCOPY --from=a /y /y\n';
    const sources = async (target: string | null) =>
      (await missing(lines, { target })).map(({ message }) => message.split(' ')[0]).sort();
    expect(await sources(null)).toEqual(['gone-a', 'gone-c']);
    expect(await sources('b')).toEqual(['gone-b']);
  });

  test('sources count from the context', async () => {
    const found = await missing('FROM python\nCOPY eval.py train.py .\n', { context: 'ctx' });
    expect(found).toMatchObject([
      { file: 'ctx/Dockerfile', message: 'train.py is not in the context ctx as it is sent' },
    ]);
  });

  test.each<[string, string, string[]]>([
    ['data\n*.py\n', 'COPY train.py data/ src/ /app/', ['train.py', 'data']],
    ['data\n!data/a.csv\n', 'COPY data /data', []],
    ['*\n!train.py\n', 'COPY train.py .', []],
    ['data\n', 'COPY . .', []],
  ])('.dockerignore %j: %s', async (ignore, line, sources) => {
    const found = await missing(`FROM python\n${line}\n`, { ignore });
    expect(found.map(({ message }) => message)).toEqual(
      sources.map((source) => `${source} is left out by .dockerignore, and copied here`),
    );
  });
});

test.each(SCAFFOLD_OPERATORS)('a new repository lacks nothing: %s', async (operator) => {
  const answers = {
    name: 'a',
    operator,
    profile: 'cpu',
    python: '3.12',
    tensorboard: true,
    pattern: null,
  } as const;
  const files = await renderRepository(answers, { templates: TEMPLATES, schema: '{}' });
  const { manifest } = parseManifest(files.get(MANIFEST_PATH) ?? '', MANIFEST_PATH);
  if (manifest === null) throw new Error('the manifest is broken');
  const paths = { has: (path: string) => files.has(path), list: () => [...files.keys()] };
  const found = await readDockerfile(manifest.builder, {
    paths,
    read: (path) => Promise.resolve(files.get(path) ?? null),
  });
  expect(found && copyFindings(found, manifest.builder.context, paths)).toEqual([]);
});

describe('what would be sent of a directory, by name', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aichor-sent-'));
    const files = {
      '.gitignore': 'data/\n*.bin\n',
      'main.py': '',
      'data/a.csv': '',
      'model.bin': '',
      'src/deep/x.py': '',
    };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    mkdirSync(join(folder, 'empty'));
    symlinkSync('main.py', join(folder, 'link.py'));
    execFileSync('git', ['init', '-q', folder]);
    execFileSync('git', ['-C', folder, 'add', '--force', 'model.bin']);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('what is ignored is not in it, what Git tracks all the same is', async () => {
    const paths = await sentPaths(folder, process.env);
    expect(paths.list()).toEqual(['.gitignore', 'link.py', 'main.py', 'model.bin', 'src/deep/x.py']);
    expect(paths.has('data/a.csv')).toBe(false);
    expect(['src', 'src/deep', 'empty', 'data'].map((path) => paths.hasFolder(path))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});
