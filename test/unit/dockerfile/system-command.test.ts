import { expect, it } from 'vitest';
import { readSystemCommand } from '../../../src/dockerfile/run/system-command.ts';

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
