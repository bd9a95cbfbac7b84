import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeFrame } from '../../src/manifest/places/code-frame.ts';
import { MAX_MANIFEST_BYTES } from '../../src/manifest/yaml/decode.ts';
import { parseManifest } from '../../src/manifest/parse.ts';
import { anyText } from './text.ts';

const COUNT = Number(process.env['AICHOR_FUZZ_COUNT'] ?? 2_000);
const SEED = Number(process.env['AICHOR_FUZZ_SEED'] ?? 20_261_122);
const FOLDER = new URL('../fixtures/manifests/', import.meta.url);
const TEXTS = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readFileSync(new URL(name, FOLDER), 'utf8'));

/** Pieces that mean something to YAML, to JavaScript or to manifests. */
const PIECES = [
  ':',
  '-',
  '- ',
  '&a ',
  '*a',
  '<<: *a',
  '!x ',
  '!!python/object ',
  '|\n',
  '>\n',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  '#',
  '\t',
  '\r\n',
  '\n',
  '\n---\n',
  '...\n',
  '%',
  '@',
  '`',
  '? ',
  '__proto__: ',
  'constructor',
  'null',
  '~',
  '.inf',
  '.nan',
  '0o10',
  '010',
  '1e999',
  '-0',
  'yes',
  '\u0000',
  '\uFEFF',
  '\u2028',
  '🚀',
  '\\x00',
  'spec:',
  'types:',
  'operator: tf',
  'operator: kuberay',
  'count: -1',
  '  ',
  '# aichor: ignore image-mismatch',
];

const edit = fc.record({
  place: fc.nat(4_000),
  remove: fc.oneof(fc.nat(3), fc.nat(400)),
  insert: fc.oneof(
    fc.constantFrom(...PIECES),
    anyText({ maxLength: 6 }),
    fc.constantFrom(...PIECES).map((piece) => piece.repeat(200)),
  ),
});

function edited(text: string, edits: readonly { place: number; remove: number; insert: string }[]): string {
  return edits.reduce((result, { place, remove, insert }) => {
    const at = place % (result.length + 1);
    return result.slice(0, at) + insert + result.slice(at + remove);
  }, text);
}

describe(`${COUNT} damaged manifests (AICHOR_FUZZ_SEED=${SEED})`, () => {
  test(
    'are each read or refused, with every diagnostic at a place of the text',
    { timeout: 60_000 + COUNT * 60 },
    () => {
      fc.assert(
        fc.property(
          fc.constantFrom(...TEXTS),
          fc.array(edit, { minLength: 1, maxLength: 4 }),
          (original, edits) => {
            const text = edited(original, edits);
            const { manifest, diagnostics } = parseManifest(text, 'm.yaml');
            const refused = diagnostics.some(({ severity }) => severity === 'error');
            expect(manifest === null).toBe(refused);
            const lines = text.replace(/^\uFEFF/, '').split('\n').length;
            for (const diagnostic of diagnostics) {
              const { line, column, end_line: endLine } = diagnostic;
              expect(line >= 1 && column >= 1 && endLine >= line && endLine <= lines + 1).toBe(true);
              codeFrame(text, diagnostic);
            }
            expect(Object.keys(Object.prototype)).toEqual([]);
          },
        ),
        { numRuns: COUNT, seed: SEED },
      );
    },
  );

  test('as bytes too', { timeout: 60_000 + COUNT * 20 }, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, place) => {
        const original = Buffer.from(TEXTS[0] ?? '');
        const source = Buffer.concat([original.subarray(0, place), bytes, original.subarray(place)]);
        const { manifest, diagnostics } = parseManifest(source, 'm.yaml');
        expect(source.length).toBeLessThan(MAX_MANIFEST_BYTES);
        expect(manifest === null).toBe(diagnostics.some(({ severity }) => severity === 'error'));
      }),
      { numRuns: Math.ceil(COUNT / 4), seed: SEED },
    );
  });
});
