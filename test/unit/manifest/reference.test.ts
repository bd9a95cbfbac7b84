import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { continuations, explain } from '../../../src/manifest/reference/explain.ts';
import { manifestFields } from '../../../src/manifest/reference/fields.ts';
import { NOTES, notesKey } from '../../../src/manifest/reference/notes.ts';
import { DOCUMENTS } from '../../../src/manifest/schema/document.ts';
import { parseManifest } from '../../../src/manifest/parse.ts';
import { example } from './examples.ts';
import { stringify } from 'yaml';

const fields = [...manifestFields().values()];

/** The schema of a field, by the steps of its path. */
function schemaAt(schema: unknown, steps: readonly string[]): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    if (steps.length > 0) return schemaAt(schema.unwrap(), steps);
  }
  const [step, ...rest] = steps;
  if (step === undefined) return schema as z.ZodType;
  if (schema instanceof z.ZodUnion)
    return schemaAt(
      schema.options.find((option) => option instanceof z.ZodObject),
      steps,
    );
  if (schema instanceof z.ZodArray) return schemaAt(schema.element, steps);
  if (schema instanceof z.ZodRecord) return schemaAt(schema.valueType, rest);
  if (schema instanceof z.ZodObject) return schemaAt(schema.shape[step.replace('[]', '')], rest);
  throw new Error(`nothing at ${steps.join('.')}`);
}

describe('the reference of the manifest', () => {
  test('has notes for every field, and none for what is no field', () => {
    const keys = new Set(fields.map(({ path }) => notesKey(path)));
    expect([...keys].filter((key) => NOTES[key] === undefined)).toEqual([]);
    expect(Object.keys(NOTES).filter((key) => !keys.has(key))).toEqual([]);
  });

  test('every example is one that the schema takes', () => {
    const wrong = fields.filter(({ path, operators: [operator] }) => {
      if (operator === undefined) return true;
      const value: unknown = parse(NOTES[notesKey(path)]?.example ?? '');
      // `kind`, `apiVersion` and `operator` are words of their own; lists are shown as lists.
      if (path === 'spec.operator') return false;
      const part = schemaAt(DOCUMENTS[operator](), path.split('.'));
      const isWhole = path !== 'spec' && path !== 'builder';
      return isWhole && !part.safeParse(value).success;
    });
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test('says what the parser does: a default left out means the same as written', () => {
    const usual = fields.filter(({ path, default: value }) => value !== null && path.startsWith('clone.'));
    expect(usual.map(({ path }) => path)).toEqual(['clone.depth', 'clone.includeDotGit', 'clone.submodules']);
    const document = example('jax');
    const written = Object.fromEntries(usual.map(({ path, default: value }) => [path.slice(6), value]));
    const parsed = (text: string) => parseManifest(text, 'x').manifest?.clone;
    expect(parsed(stringify({ ...document, clone: written }))).toEqual(parsed(stringify(document)));
  });

  test('types, operators and what is required come from the schema', () => {
    expect(explain('spec.operator').type).toBe('jax | pytorch | xgboost | jobset | kuberay | vertexai');
    expect(explain('clone.depth')).toMatchObject({ type: 'integer', required: false, default: 1 });
    expect(explain('spec.types.worker.resources.cpus')).toMatchObject({ type: 'number', required: true });
    expect(explain('spec.rayVersion').operators).toEqual(['kuberay']);
    expect(explain('spec.types.worker.count').operators).toEqual(['jax', 'pytorch', 'xgboost']);
    expect(explain('spec.types.Master').deprecated).toBe(true);
    expect(explain('shmSizeGB').operators).toContain('kuberay');
  });

  test.each([
    ['spec.types.trial.completions', 'spec.types.<name>.completions'],
    ['spec.types.Workers[0].name', 'spec.types.Workers[].name'],
    ['spec.types.Workers.name', 'spec.types.Workers[].name'],
    ['timeout', 'spec.timeout'],
    ['gpu.product', 'spec.types.worker.resources.accelerators.gpu.product'],
    ['engineName', 'engineName'],
    ['spec', 'spec'],
  ])('%s means %s', (asked, path) => {
    expect(explain(asked).path).toBe(path);
  });

  test.each([
    ['spec.tiemout', 'spec.timeout'],
    ['xyzzy', 'manifest explain'],
  ])('%s is no field: %s', (asked, hint) => {
    expect(() => explain(asked)).toThrow(
      expect.objectContaining({ code: 'not_found', hint: expect.stringContaining(hint) }),
    );
  });

  test('fields in it: those, or all below', () => {
    expect(explain('').fields.map(({ path }) => path)).toContain('builder');
    const direct = explain('spec.storage').fields.map(({ path }) => path);
    expect(direct).toEqual(['spec.storage.sharedVolume', 'spec.storage.attachExistingPVCs[]']);
    expect(explain('spec.storage', { recursive: true }).fields).toHaveLength(8);
    expect(explain('', { recursive: true }).fields).toHaveLength(fields.length);
  });

  test('paths are completed a step at a time', () => {
    const words = (typed: string) =>
      continuations(typed).map(({ path, holds }) => (holds === 'fields' ? `${path}.` : path));
    expect(words('')).toEqual(['kind', 'apiVersion', 'name', 'builder.', 'clone.', 'spec.']);
    expect(words('spec.t')).toEqual(['spec.timeout', 'spec.tensorboard.', 'spec.types.']);
    expect(words('spec.types.')).toEqual(expect.arrayContaining(['spec.types.worker.', 'spec.types.Head.']));
    expect(words('spec.types.trial.')).toContain('spec.types.trial.resources.');
    expect(words('spec.types.worker.resources.c')).toEqual([
      'spec.types.worker.resources.cpus',
      'spec.types.worker.resources.cpuLimitRatio',
    ]);
    expect(continuations('spec.en').map(({ path, holds }) => [path, holds])).toEqual([
      ['spec.engineName', 'value'],
      ['spec.env', 'keys'],
    ]);
    expect(words('nothing.')).toEqual([]);
  });
});

describe('docs/manifest.md', () => {
  const page = readFileSync(new URL('../../../docs/manifest.md', import.meta.url), 'utf8');
  const blocks = Array.from(
    page.matchAll(/```yaml(?: fragment (\w+))?\n([^]*?)```/g),
    ([, operator, text]) => ({
      operator,
      text: text ?? '',
    }),
  );

  test('shows every field', () => {
    const missing = fields.filter(({ path }) => {
      if (path.includes('.resources.') && !path.startsWith('spec.types.worker.')) return false;
      return !page.includes(`| \`${path.slice(path.lastIndexOf('.') + 1)}\` |`);
    });
    expect(missing.map(({ path }) => path)).toEqual([]);
  });

  test('has every documented example', () => {
    expect(blocks.filter(({ operator }) => operator === undefined).length).toBeGreaterThanOrEqual(32);
  });

  test.each(blocks.map((block, index) => ({ ...block, index })))(
    'manifest $index holds',
    ({ operator, text }) => {
      const source =
        operator === undefined
          ? text
          : stringify(merged(example(operator), parse(text)), { aliasDuplicateObjects: false });
      const { manifest, diagnostics } = parseManifest(source, 'page');
      expect(diagnostics.filter(({ code }) => code !== 'deadline-ignored')).toEqual([]);
      expect(manifest).not.toBeNull();
    },
  );
});

type Tree = { [key: string]: unknown };

/** Types of pods are those of the fragment, when it has some. */
function merged(base: Tree, over: Tree): Tree {
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = result[key];
    result[key] = key !== 'types' && isTree(before) && isTree(value) ? merged(before, value) : value;
  }
  return result;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
