import { describe, expect, test } from 'vitest';
import { isAichorError } from '../../../../src/errors.ts';
import { DEFAULT_SETTINGS } from '../../../../src/render/kubernetes/settings/settings.ts';
import {
  completeSettings,
  readSettings,
  settingNames,
} from '../../../../src/render/kubernetes/settings/settings-schema.ts';

function refusal(value: unknown): string {
  try {
    readSettings(value, 'engine.yaml');
  } catch (error) {
    if (isAichorError(error)) return `${error.code}: ${error.message} | ${error.hint}`;
    throw error;
  }
  return 'taken';
}

test('every setting can be said, and nothing else', () => {
  const { namespace: _said, ...all } = DEFAULT_SETTINGS;
  expect(readSettings(all, 'engine.yaml')).toEqual(all);
  expect(completeSettings(all, 'team')).toEqual({ ...DEFAULT_SETTINGS, namespace: 'team' });
});

test('what is absent is as by default, inside of groups too', () => {
  const settings = completeSettings(readSettings({ gpu: { mig: 'mixed' }, queue: 'q' }, 'x'), 'team');
  expect(settings).toEqual({
    ...DEFAULT_SETTINGS,
    namespace: 'team',
    queue: 'q',
    gpu: { product_label: 'nvidia.com/gpu.product', mig: 'mixed' },
  });
});

test('they are listed by their dotted names', () => {
  expect(settingNames()).toEqual(
    expect.arrayContaining(['registry', 'selectors', 'gpu.product_label', 'build.deadline_s']),
  );
  expect(settingNames()).not.toContain('namespace');
});

describe('refused with what was probably meant', () => {
  test.each([
    [
      { gpu: { product_lable: 'x' } },
      'usage: engine.yaml: there is no setting "gpu.product_lable" | did you mean "gpu.product_label"?',
    ],
    [{ regsitry: 'x' }, 'usage: engine.yaml: there is no setting "regsitry" | did you mean "registry"?'],
    [
      { product_label: 'x' },
      'usage: engine.yaml: there is no setting "product_label" | did you mean "gpu.product_label"?',
    ],
    [
      { namespace: 'x' },
      'usage: engine.yaml: the namespace is not one of the settings | give it with --namespace',
    ],
  ])('%j', (value, said) => {
    expect(refusal(value)).toBe(said);
  });

  test.each([
    [{ ttl_s: 'long' }, '"ttl_s" cannot be taken'],
    [{ ttl_s: -1 }, '"ttl_s" cannot be taken'],
    [{ gpu: { mig: 'double' } }, '"gpu.mig" cannot be taken'],
    [{ storage: { input: 's3://bucket' } }, '"storage.input" cannot be taken: it must end in "/"'],
    [{ selectors: { a: 1 } }, '"selectors.a" cannot be taken'],
    [[], 'the settings cannot be taken'],
    ['text', 'the settings cannot be taken'],
  ])('%j', (value, said) => {
    expect(refusal(value)).toContain(said);
  });
});
