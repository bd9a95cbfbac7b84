import { describe, expect, test } from 'vitest';
import { MAX_MANIFEST_BYTES } from '../../../src/manifest/yaml/decode.ts';
import { parseManifest } from '../../../src/manifest/parse.ts';
import { example, text, valid, verdicts } from './examples.ts';

const BASE = text(example('jobset'));

function diagnose(source: string | Uint8Array) {
  return parseManifest(source, 'm.yaml').diagnostics.map(
    ({ code, line, column }) => `${code} ${line}:${column}`,
  );
}

function spec(lines: string, operator = 'jax'): string {
  return `kind: AIchorManifest\napiVersion: 0.2.3\nbuilder: {image: a, dockerfile: D}\nspec:\n  operator: ${operator}\n  image: a\n  command: x\n${lines}`;
}
const TYPES = '  types: {worker: {resources: {cpus: 1, memory: 1}}}\n';

describe('encodings', () => {
  test('a byte order mark and CRLF change nothing', () => {
    expect(verdicts(`\uFEFF${BASE.replaceAll('\n', '\r\n')}`)).toEqual([]);
    expect(verdicts(Buffer.from(`\uFEFF${BASE}`))).toEqual([]);
    expect(diagnose(Buffer.from(`\uFEFF${spec('  comand: x\r\n')}`))[0]).toBe('missing-key 4:1');
  });

  test.each([
    ['UTF-16 with a mark', Buffer.from(`\uFEFF${BASE}`, 'utf16le'), 'encoding'],
    ['UTF-16 without', Buffer.from(BASE, 'utf16le'), 'encoding'],
    ['Latin-1', Buffer.from('name: caf\xe9\n', 'latin1'), 'encoding'],
    ['a NUL', 'kind: a\0b', 'encoding'],
    ['more than the limit', 'x'.repeat(MAX_MANIFEST_BYTES + 1), 'too-large'],
    ['more brackets than anything needs', `name: "${'[]'.repeat(4_001)}"`, 'too-large'],
    ['a million letters', `name: ${'x'.repeat(1_000_000)}`, 'too-large'],
    ['nothing', '', 'empty-document'],
    ['comments only', '# nothing\n', 'empty-document'],
    ['a list', '- a\n', 'wrong-type'],
    ['a text', 'hello', 'wrong-type'],
  ])('%s is refused in words', (_, source, code) => {
    expect(verdicts(source)).toEqual([`error ${code}`]);
  });
});

describe('mistakes of YAML stand where they are', () => {
  test.each([
    ['a tab', 'kind: x\nspec:\n\tcommand: y\n', 'yaml-syntax 3:1'],
    ['bad indentation', 'spec:\n    image: a\n  command: b\n', 'yaml-syntax 3:3'],
    ['two keys on a line', 'kind: a: b\n', 'yaml-syntax 1:7'],
    ['an open quote', 'kind: "a\n', 'yaml-syntax 1:7'],
    ['an open bracket', 'kind: [a\nb: c\n', 'yaml-syntax 1:7'],
    ['a duplicate key', spec(`  image: b\n${TYPES}`), 'duplicate-key 8:3'],
    ['a second document', `${spec(TYPES)}---\nkind: b\n`, 'multiple-documents 9:1'],
    ['an unknown tag', spec(`  env: {A: !secret x}\n${TYPES}`), 'unknown-tag 8:12'],
    ['a tag of Python', spec(`  env: {A: !!python/object x}\n${TYPES}`), 'unknown-tag 8:12'],
    ['a leading zero', spec(`  activeDeadlineSeconds: 0600\n${TYPES}`), 'leading-zero 8:26'],
    ['an octal number of YAML 1.2', spec(`  activeDeadlineSeconds: 0o600\n${TYPES}`), 'leading-zero 8:26'],
    ['a boolean of YAML 1.1', spec(`  tensorboard: {enabled: yes}\n${TYPES}`), 'yaml-boolean 8:26'],
    ['an unknown alias', spec(`  name: *x\n${TYPES}`), 'yaml-syntax 8:9'],
    ['a template', spec(`  env: {{ env }}\n${TYPES}`), 'yaml-syntax 8:9'],
    ['a NUL that is written as one', spec(`  env: {A: "a\\0b"}\n${TYPES}`), 'invalid-value 8:12'],
    [
      'the same in a block that has an anchor',
      spec(`  env: {A: &a "\\x00", B: *a}\n${TYPES}`),
      'invalid-value 8:15',
    ],
    ['an id that reads as a number', spec(`  engineName: 12e45678\n${TYPES}`), 'wrong-type 8:15'],
  ])('%s', (_, source, expected) => {
    expect(diagnose(source)).toContain(expected);
  });

  test('versions and numbers keep their text', () => {
    const source = spec(
      '  rayVersion: 2.40\n  env: {LR: 1e-3, N: 0.10, F: true}\n  types: {Head: {resources: {cpus: 1, memory: 1}}, Workers: []}\n',
      'kuberay',
    );
    expect(verdicts(source)).toEqual(Array.from({ length: 4 }, () => 'warning unquoted-text'));
    const manifest = valid(source);
    expect(manifest.spec.env).toEqual({ LR: '1e-3', N: '0.10', F: 'true' });
    expect(manifest.spec.operator === 'kuberay' && manifest.spec.rayVersion).toBe('2.40');
  });
});

describe('anchors', () => {
  test('and merge keys mean what they say', () => {
    const source = spec(
      '  types:\n    a: &a\n      resources: &r {cpus: 2, memory: 4}\n    b:\n      <<: *a\n      count: 3\n    c: {resources: {<<: *r, memory: 8}}\n    d: *a\n',
      'jobset',
    );
    const manifest = valid(source).spec;
    expect(
      manifest.operator === 'jobset' &&
        manifest.types.map(({ name, count, resources }) => [name, count, resources.cpus, resources.memory]),
    ).toEqual([
      ['a', 1, 2, 4],
      ['b', 3, 2, 4],
      ['c', 1, 2, 8],
      ['d', 1, 2, 4],
    ]);
  });

  test('a mistake in a shared part is said once, where it is written', () => {
    const source = spec(
      '  types:\n    a: {resources: &r {cpus: 0, memory: 4}}\n    b: {resources: *r}\n    c: {resources: *r}\n',
      'jobset',
    );
    expect(diagnose(source)).toEqual(['out-of-range 9:30']);
  });

  test('a top-level x- key may hold them', () => {
    const source = `x-r: &r {cpus: 1, memory: 1}\n${spec('  types: {worker: {resources: *r}}\n')}`;
    expect(verdicts(source)).toEqual(['warning extension-key']);
  });

  test.each([
    [
      'nested',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh'].map((name, index) => `${name}: &${name} [${`*${'abcdefg'[index]},`.repeat(9)}]\n`).join('')}`,
    ],
    [
      'many',
      `a: &a {${Array.from({ length: 2000 }, (_, i) => `k${i}: 1,`).join('')}}\nb:\n${'- *a\n'.repeat(500)}`,
    ],
    [
      'merged',
      `a: &a {${Array.from({ length: 2000 }, (_, i) => `k${i}: 1,`).join('')}}\nb:\n${'- <<: *a\n'.repeat(500)}`,
    ],
  ])('a bomb is defused: %s', (_, source) => {
    expect(verdicts(source)).toEqual(['error alias-expansion']);
  });

  test('one that stands in itself', () => {
    expect(diagnose('a: &a [*a]\n')).toContain('yaml-syntax 1:8');
  });
});

describe('hostile texts', () => {
  test('prototypes stay as they are', () => {
    const source = spec(`  __proto__: {polluted: 1}\n  env: {__proto__: x, constructor: y}\n${TYPES}`);
    expect(verdicts(source).filter((verdict) => verdict === 'error unsafe-key')).toHaveLength(2);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect('polluted' in {}).toBe(false);
  });

  test.each([
    ['brackets', '['.repeat(60_000)],
    ['braces', '{'.repeat(60_000)],
    ['dashes', '- '.repeat(30_000)],
    ['nested keys', Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')],
    ['closing brackets', ']'.repeat(60_000)],
    ['quotes', '"'.repeat(60_000)],
    ['the same key', 'a: 1\n'.repeat(12_000)],
    ['unknown keys', Array.from({ length: 9000 }, (_, i) => `k${i}:\n`).join('')],
    [
      'variables',
      spec(`  env:\n${Array.from({ length: 4000 }, (_, i) => `    K${i}: 1\n`).join('')}${TYPES}`),
    ],
  ])('%s are read to the end, with no more diagnostics than one can print', (_, source) => {
    const { diagnostics } = parseManifest(source, 'm');
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(diagnostics.length).toBeLessThan(5000);
  });

  test('many pods are refused before anybody counts them out', () => {
    expect(
      verdicts(
        spec(
          '  types: {a: {count: 1000000, completions: 1000000, resources: {cpus: 1, memory: 1}}}\n',
          'jobset',
        ),
      ),
    ).toEqual(['error too-many-pods']);
  });
});

describe('all mistakes at once', () => {
  test('in the order of the text, each at its place', () => {
    const source = `kind: AIchorManifest
apiVersion: 0.2.3
builder:
  image: a
  dockerfle: Dockerfile
spec:
  operator: jobset
  image: a
  timeout: 8H
  types:
    worker:
      count: two
      resources:
        cpus: 4
        gpu: {count: 1}
`;
    const { diagnostics } = parseManifest(source, 'm.yaml');
    expect(
      diagnostics.map(({ code, path, line, column, end_column }) => [
        code,
        path,
        `${line}:${column}-${end_column}`,
      ]),
    ).toEqual([
      ['unknown-key', 'builder.dockerfle', '5:3-12'],
      ['missing-key', 'spec.command', '6:1-5'],
      ['invalid-value', 'spec.timeout', '9:12-14'],
      ['wrong-type', 'spec.types.worker.count', '12:14-17'],
      ['memory-choice', 'spec.types.worker.resources', '13:7-16'],
      ['misplaced-key', 'spec.types.worker.resources.gpu', '15:9-12'],
    ]);
    expect(diagnostics.every(({ hint }) => hint !== null)).toBe(true);
  });
});
