import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBaseImage } from '../../../src/dockerfile/base-image.ts';
import { askedPython, condaMade, environmentLinks } from '../../../src/dockerfile/run/made-environment.ts';
import { readDockerIgnore } from '../../../src/dockerfile/tree/docker-ignore.ts';
import { readImage } from '../../../src/dockerfile/image.ts';
import { mentions, mountTargets, unmountablePaths } from '../../../src/dockerfile/tree/mount-targets.ts';
import { optionWords, readOptions } from '../../../src/dockerfile/run/options.ts';

test.each([
  ['python:3.11-slim', '3.11', []],
  ['python:3.9.7-slim', '3.9.7', []],
  ['docker.io/library/python:3.8', '3.8', []],
  ['registry.example.org:5000/mirror/python:3.10-bookworm', '3.10', []],
  ['python:3', null, []],
  ['python', null, []],
  ['python:latest', null, []],
  ['python:3.12@sha256:0123', '3.12', []],
  ['ghcr.io/astral-sh/uv:python3.12-bookworm-slim', '3.12', []],
  ['astral/uv:0.8-python3.11-trixie-slim', '3.11', []],
  ['rayproject/ray:2.36.1-py39-gpu', '3.9', ['ray[default]==2.36.1']],
  ['rayproject/ray:2.23.0-cpu', '3.9', ['ray[default]==2.23.0']],
  ['rayproject/ray-ml:2.9.3-py310', '3.10', ['ray[default]==2.9.3']],
  ['pytorch/pytorch:1.13.1-cuda11.6-cudnn8-runtime', '3.10', ['torch==1.13.1', 'torchvision']],
  ['pytorch/pytorch:1.9.0-cuda11.1-cudnn8-devel', null, ['torch==1.9.0', 'torchvision']],
  ['pytorch/pytorch:2.9.1-cuda12.8-cudnn9-runtime', '3.11', ['torch==2.9.1', 'torchvision']],
  ['pytorch/pytorch:2.10.0-cuda12.8-cudnn9-runtime', '3.12', ['torch==2.10.0', 'torchvision']],
  ['pytorch/pytorch', null, ['torch', 'torchvision']],
  ['tensorflow/tensorflow:2.15.0-gpu', null, ['tensorflow==2.15.0']],
  ['nvcr.io/nvidia/pytorch:24.05-py3', null, ['torch']],
  ['nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04', '3.10', []],
  ['ubuntu:20.04', '3.8', []],
  ['debian:bookworm-slim', '3.11', []],
  ['my.registry/team/base:py310-cuda12', '3.10', []],
  ['scratch', null, []],
])('the base image %s', (name, python, packages) => {
  expect(readBaseImage(name)).toMatchObject({ python, packages });
});

test.each([
  ['pytorch/pytorch:2.4.0-cuda12.4-cudnn9-runtime', '/workspace', '/opt/conda'],
  ['docker.io/pytorch/pytorch', '/workspace', '/opt/conda'],
  ['pytorch/pytorch:2.9.1-cuda12.8-cudnn9-runtime', '/workspace', '/opt/conda'],
  // Ubuntu's own Python, and no conda.
  ['pytorch/pytorch:2.10.0-cuda12.8-cudnn9-runtime', '/workspace', null],
  ['nvcr.io/nvidia/pytorch:24.05-py3', '/workspace', null],
  ['rayproject/ray:2.36.1-py39-gpu', '/home/ray', '/home/ray/anaconda3'],
  ['continuumio/miniconda3:24.7.1-0', '/', '/opt/conda'],
  ['condaforge/miniforge3', '/', '/opt/conda'],
  ['mambaorg/micromamba:1.5', '/tmp', '/opt/conda'],
  ['quay.io/jupyter/scipy-notebook:latest', '/home/jovyan', '/opt/conda'],
  ['my.registry/team/pytorch:1', '/', null],
  ['python:3.11', '/', null],
])('folders of the base image %s', (name, workdir, environment) => {
  expect(readBaseImage(name)).toMatchObject({ workdir, environment });
});

test.each([
  ['vllm/vllm-openai:v0.6.3', /RUN pip install vllm==0\.6\.3 /],
  ['vllm/vllm-openai', /RUN pip install vllm /],
  ['huggingface/transformers-pytorch-gpu:4.35.2', /torch transformers/],
  ['quay.io/jupyter/scipy-notebook:2024-05-27', /numpy pandas/],
  ['continuumio/anaconda3', /numpy pandas/],
  ['rapidsai/base:24.06-cuda12.2-py3.11', /cudf/],
  ['nvcr.io/nvidia/tritonserver:24.05-py3-sdk', /tritonclient/],
  ['registry.example.org/team/base:1', /is not known here/],
  ['team-base', /is not known here/],
])('what the base image %s brings is told, and the cure', (name, told) => {
  expect(readBaseImage(name).unknown).toMatch(told);
});

test.each(
  'python:3.11-slim ubuntu:22.04 debian:bookworm-slim scratch nvidia/cuda:12.4.1-devel-ubuntu22.04 nvcr.io/nvidia/cuda:12.4.1-base-ubuntu22.04 ghcr.io/astral-sh/uv:python3.11-bookworm astral/uv continuumio/miniconda3 condaforge/miniforge3 mambaorg/micromamba:2.0 quay.io/jupyter/minimal-notebook ghcr.io/prefix-dev/pixi:0.40.0 public.ecr.aws/docker/library/python:3.11 mirror.gcr.io/library/python:3.11 mcr.microsoft.com/devcontainers/python:3.11 registry.access.redhat.com/ubi9/python-311 gcr.io/distroless/python3-debian12 node:20 golang:1.22 rocm/dev-ubuntu-22.04:6.0 alpine pytorch/pytorch:2.4.0-cuda12.4-cudnn9-runtime tensorflow/tensorflow:2.15.0 rayproject/ray:2.9.0 amd64/python cimg/python:3.11'.split(
    ' ',
  ),
)('the base image %s brings nothing else', (name) => expect(readBaseImage(name).unknown).toBe(null));

test.each([
  ['apt-get update && apt-get install -y python3.12 python3.12-venv', '3.12'],
  ['apt-get install -y --no-install-recommends \\\n  git \\\n  python${V}-dev', '3.10'],
  ['conda create --name accelerate python=$V ipython', '3.10'],
  ['/opt/conda/bin/conda install -y "python==3.9.7" numpy', '3.9.7'],
  ['micromamba install -y -n base python=3.11.4=h0 && micromamba clean -ay', '3.11.4'],
  ['uv venv /opt/venv --python 3.11', '3.11'],
  ['uv venv -p python3.11', '3.11'],
  ['uv python install 3.13', '3.13'],
  ['uv sync --python=3.12 --locked', '3.12'],
  ['pyenv install 3.10.13 && pyenv global 3.10.13', '3.10.13'],
  ['apt-get install -y python3 python3-pip', null],
  ['apt-get install -y python3.9 || apt-get install -y python3.10', null],
  ['apt-get remove -y python3.9', null],
  ['pip install python-dateutil==3.9', null],
  ['echo conda install; python3.9 -m pip install x', null],
])('the Python that a line installs: %s', (script, version) => {
  expect(askedPython(script, new Map([['V', '3.10']]))).toBe(version);
});

test('an environment in which another one lies is linked by its parts', () => {
  const paths = (...all: string[]) => environmentLinks(new Set(all)).map(({ path }) => path);
  expect(paths('/app/.venv', '/opt/conda')).toEqual(['/app/.venv', '/opt/conda']);
  const both = paths('/opt/conda/envs/x', '/opt/conda');
  expect(both).toEqual(
    expect.arrayContaining(['/opt/conda/bin', '/opt/conda/pyvenv.cfg', '/opt/conda/envs/x']),
  );
  expect(both).not.toContain('/opt/conda');
});

test.each([
  [['conda', 'create', '-y', '-n', 'train', 'python=3.9'], '/opt/conda/envs/train'],
  [['/opt/conda/bin/conda', 'create', '--name=train'], '/opt/conda/envs/train'],
  [['micromamba', 'create', '--prefix', '/env', '-f', 'env.yml'], '/env'],
  [['mamba', 'env', 'create', '-f', 'env.yml', '-n', 'x'], '/opt/conda/envs/x'],
  [['conda', 'env', 'create', '-f', 'env.yml'], null],
  [['conda', 'install', '-n', 'x', 'numpy'], null],
  [['uv', 'venv'], null],
])('the environment that %j makes', (words, folder) =>
  expect(condaMade(words, {})).toEqual(folder === null ? [] : [folder]),
);

describe('.dockerignore', () => {
  test.each([
    ['data', ['data', 'data/x'], ['src/data', 'data2']],
    ['**/data', ['data/x', 'src/data/y'], ['src/mydata']],
    ['*.pyc', ['a.pyc'], ['src/a.pyc']],
    ['**/*.pyc', ['a.pyc', 'src/b/a.pyc'], ['a.py']],
    ['/build/', ['build/x'], ['src/build/x']],
    ['src/*\n!src/keep.py', ['src/a.py', 'src/lib/b.py'], ['src/keep.py']],
    ['*\n!src', ['main.py'], ['src/a.py']],
    ['a?c', ['abc'], ['ac', 'abbc']],
    ['[ab].txt', ['a.txt'], ['c.txt']],
    ['# comment\n\n  .git  ', ['.git/config'], ['# comment']],
    ['', [], ['a']],
  ])('%j', (text, out, stays) => {
    const isIgnored = readDockerIgnore(text);
    expect(out.filter((path) => !isIgnored(path))).toEqual([]);
    expect(stays.filter(isIgnored)).toEqual([]);
  });
});

describe('what is laid over the machine', () => {
  const targets = (...paths: string[]) => mountTargets(paths);

  test.each([
    [['/app/main.py', '/app/lib/x.py'], ['/app']],
    [['/opt/app/main.py'], ['/opt/app']],
    [['/usr/src/app/main.py'], ['/usr/src/app']],
    [['/usr/local/bin/start.sh'], ['/usr/local/bin/start.sh']],
    [
      ['/main.py', '/requirements.txt'],
      ['/main.py', '/requirements.txt'],
    ],
    [['/home/me/a.py'], ['/home/me/a.py']],
    [
      ['/tmp/requirements.txt', '/tmp/code/a/b.py', '/proc/x'],
      ['/tmp/code', '/tmp/requirements.txt'],
    ],
  ])('%j', (paths, expected) => expect(targets(...paths)).toEqual(expected));

  test('nor can it be what lies below /run', () =>
    expect(unmountablePaths(['/run', '/run/code/a/b.py', '/run/code', '/tmp/x', '/app/run/x', '/'])).toEqual([
      '/run/code',
    ]));

  test.each([
    ['python /app/main.py', true],
    ['cd /app && ls', true],
    ['open("/app/x")', true],
    ['--dir=/app', true],
    ['./app/main.py', false],
    ['/application/x', false],
    ['x/app', false],
    ['python main.py', false],
  ])('%s speaks of /app: %s', (text, expected) => expect(mentions(text, ['/app'])).toBe(expected));
});

test('options keep their meaning when they are read and said again', () => {
  expect(optionWords(readOptions(['-rreq.txt', '--index-url=https://x', '-i', 'y', 'six', '-U']))).toEqual([
    ...['-r', 'req.txt', '--index-url', 'https://x', '-i', 'y', 'six', '-U'],
  ]);
  fc.assert(
    fc.property(fc.array(fc.constantFrom('-r', 'a', '--pre', '--no-deps', 'x==1', '-e', '.')), (words) => {
      const once = optionWords(readOptions([...words, 'end']));
      expect(optionWords(readOptions(once))).toEqual(once);
    }),
  );
});

test('no text stops the reader', async () => {
  const word = fc.constantFrom(
    'FROM',
    'python:3.11',
    '\n',
    ' ',
    'RUN',
    'pip install a',
    '&&',
    '\\\n',
    '"',
    "'",
    '$',
    '${',
    '}',
    '$(',
    ')',
    'COPY',
    '.',
    '/app',
    '[',
    ']',
    '<<EOF',
    'EOF',
    '#',
    'ENV',
    'A=1',
    'if',
    'fi',
    'then',
    ';',
    '|',
    '`',
    '--mount=',
    'ARG',
    'WORKDIR',
    'AS',
    '*',
    '**',
    '\\',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 60 }), async (words) => {
      const text = `FROM x\n${words.join('')}`;
      const read = await readImage({
        text,
        buildArgs: {},
        target: null,
        context: ['a', 'b/c'].map((path) => ({ path, kind: 'file', executable: false })),
        ignore: words.join(''),
      });
      expect(read?.workdir.startsWith('/')).toBe(true);
    }),
    { numRuns: 500 },
  );
});
