import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { manifestJsonSchema } from '../../../src/manifest/schema/json-schema.ts';
import { changed, example, path } from './examples.ts';

const FOLDER = new URL('../../fixtures/manifests/', import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
const schema = manifestJsonSchema();
const validate = new Ajv({ strict: false }).compile(schema);

describe('the JSON Schema for editors', () => {
  test.each(files)('takes %s', (name) => {
    validate(parse(readFileSync(new URL(name, FOLDER), 'utf8')));
    expect(validate.errors ?? []).toEqual([]);
  });

  test.each([
    ['spec.comand', 'x'],
    ['spec.operator', 'jaxx'],
    ['spec.types.worker.count', 'two'],
    ['builder.image', undefined],
  ])('refuses %s: %s', (where, value) => {
    expect(validate(changed(example('jax'), path(where), value))).toBe(false);
  });

  test('says something about every key', () => {
    const silent: string[] = [];
    const visit = (node: unknown, where: string): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, child] of Object.entries(node)) {
        if (key === 'properties' && typeof child === 'object') {
          for (const [name, property] of Object.entries(child ?? {})) {
            if (
              !JSON.stringify(property).includes('"description"') &&
              !JSON.stringify(property).includes('"$ref"')
            )
              silent.push(`${where}.${name}`);
          }
        }
        visit(child, `${where}.${key}`);
      }
    };
    visit(schema, '');
    expect(silent).toEqual([]);
  });
});
