import { expect, it } from 'vitest';
import { readSystemCommand, wordsRunInside } from '../../../src/dockerfile/run/system-command.ts';

it.each([
  ['apt-get install -y curl ca-certificates', { kind: 'nothing' }],
  ['apt-get install -y curl libgl1', { kind: 'not-done', what: 'apt-get install libgl1' }],
  ['apt-get -y purge software-properties-common', { kind: 'nothing' }],
  ['chsh -s /bin/bash', { kind: 'nothing' }],
  ['poetry install --no-root', { kind: 'not-done', what: 'poetry install' }],
  ['useradd app', { kind: 'nothing' }],
  ['make', null],
])('%s', (line, meaning) => {
  expect(readSystemCommand(line.split(' '))).toEqual(meaning);
});

it.each([
  ['poetry run -- python x.py', 'python x.py'],
  ['poetry -q --project a run python x.py', 'python x.py'],
  ['conda run -n train python x.py', 'python x.py'],
  // It would be run there.
  ['poetry -C a run python x.py', null],
  ['poetry --directory=a run python x.py', null],
  ['poetry -q install', null],
])('what %s runs', (line, words) => {
  expect(wordsRunInside(line.split(' '))?.join(' ') ?? null).toBe(words);
});
