import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBaseImage } from '../../../src/dockerfile/base-image.ts';
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
  ['pytorch/pytorch:1.13.1-cuda11.6-cudnn8-runtime', null, ['torch==1.13.1']],
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
