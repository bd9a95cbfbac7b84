import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentOf, errorOf, makeProgram, manifest, type Program } from './program.ts';

let program: Program;
beforeAll(() => {
  program = makeProgram('settings');
});
afterAll(() => program.close());

const aichor: Program['aichor'] = (...args) => program.aichor(...args);
const submit: Program['submit'] = (...flags) => program.submit(...flags);

describe('settings', () => {
  it('say where they come from', async () => {
    await aichor(['context', 'set', 'project', 'Protein folding']);
    const project = async (more: Record<string, string> = {}) =>
      documentOf(await aichor(['context', 'show'], { more })).settings.project;
    expect(await project()).toEqual({ value: 'Protein folding', origin: 'file' });
    expect(await project({ AICHOR_PROJECT: 'other' })).toEqual({ value: 'other', origin: 'environment' });
    const unset = await aichor(['context', 'set', 'project', '--unset']);
    expect(documentOf(unset).settings.project).toEqual({ value: 'default', origin: 'default' });
  });

  it.each([
    ['AICHOR_OUTPUT', 'xml'],
    ['AICHOR_PROJECT', ' padded '],
    ['AICHOR_ENGINE', 'a\nb'],
    ['AICHOR_SERVER', 'nonsense'],
  ])('are refused by the name of their variable: %s=%j', async (name, value) => {
    const outcome = await aichor(['context', 'show'], { more: { [name]: value } });
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(errorOf(outcome).code).toBe('usage');
    expect(errorOf(outcome).message + errorOf(outcome).hint).toContain(name);
  });

  it('take an engine that is there, and name those that are when it is not', async () => {
    const set = documentOf(await aichor(['context', 'set', 'engine', 'local']));
    expect(set.settings.engine).toEqual({ value: 'local', origin: 'file' });
    const wrong = await aichor(['context', 'set', 'engine', 'lcoal']);
    expect(errorOf(wrong)).toMatchObject({
      code: 'engine_unavailable',
      hint: expect.stringContaining('local'),
    });
    expect(documentOf(await aichor(['context', 'show'])).settings.engine.value).toBe('local');
    await aichor(['context', 'set', 'engine', '--unset']);
  });
});

it('runs a manifest that names an absent engine on the only one, and says so; a flag insists', async () => {
  writeFileSync(join(program.repo, 'gpu.yaml'), manifest('"true"', 'engineName: gpu-cluster'));
  const outcome = await submit('--manifest-path', 'gpu.yaml', '--wait');
  expect(documentOf(outcome)).toMatchObject({ status: 'Succeeded', engine: 'local' });
  expect(documentOf(outcome).notices).toContainEqual({
    code: 'engine_replaced',
    message: expect.stringContaining('gpu-cluster'),
  });
  const flag = await submit('--manifest-path', 'gpu.yaml', '--engine', 'elsewhere');
  const shell = await aichor(['experiments', 'submit', 'local', '--manifest-path', 'gpu.yaml'], {
    more: { AICHOR_ENGINE: 'elsewhere' },
  });
  for (const asked of [flag, shell]) {
    expect(asked).toMatchObject({ code: 7, stdout: '' });
    expect(errorOf(asked)).toMatchObject({
      code: 'engine_unavailable',
      hint: expect.stringContaining('local'),
    });
  }
});

it('gives a project of any name folders that need no quoting', async () => {
  const { project, paths } = documentOf(await submit('--project', 'Protein folding', '--wait'));
  expect(project).toBe('Protein folding');
  expect(paths.output).toMatch(/\/outputs\/Protein-folding-[0-9a-f]{8}\/output\/[0-9a-f-]+\/$/);
});

it('keeps a key without a server, which asks for none, and never shows it', async () => {
  const stored = await aichor(['auth', 'key', '--apikey', '-'], { stdin: 'k3y-that-nobody-sees\n' });
  expect(stored.code).toBe(0);
  expect(stored.stderr).toContain('the embedded control plane needs no key');
  const masked = { value: '***', origin: 'file' };
  expect(documentOf(stored).settings.api_key).toEqual(masked);
  const status = await aichor(['auth', 'status']);
  expect(documentOf(status).settings.api_key).toEqual(masked);
  const shell = await aichor(['auth', 'status'], { more: { AICHOR_API_KEY: 'other-key' } });
  expect(documentOf(shell).settings.api_key).toEqual({ value: '***', origin: 'environment' });
  for (const { stdout, stderr } of [stored, status, shell])
    expect(stdout + stderr).not.toMatch(/k3y|other-key/);
});
