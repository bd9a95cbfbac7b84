import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDocument, type Pair, visit } from 'yaml';
import { formatDuration } from '../../../src/base/text/duration.ts';
import { parseManifest } from '../../../src/manifest/parse.ts';
import { anyManifest } from './arbitrary.ts';
import { printed } from './printed.ts';

const SEED = Number(process.env['AICHOR_TEST_SEED'] ?? 20_261_122);
const runs = (numRuns: number) => ({ seed: SEED, numRuns });

describe('any manifest', () => {
  test('comes back as it was printed', () => {
    fc.assert(
      fc.property(anyManifest, (manifest) => {
        const parsed = parseManifest(printed(manifest), 'm.yaml');
        expect(parsed.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
        expect(parsed.manifest).toEqual(manifest);
      }),
      runs(300),
    );
  });

  test('with one thing changed is valid, or is told where', () => {
    fc.assert(
      fc.property(
        anyManifest,
        fc.nat(),
        fc.constantFrom('misspell', 'retype', 'remove'),
        (manifest, place, kind) => {
          const mutation = mutated(printed(manifest), place, kind);
          const { diagnostics } = parseManifest(mutation.text, 'm.yaml');
          const errors = diagnostics.filter(({ severity }) => severity === 'error');
          const near = errors.every(
            ({ line, path }) => (line >= mutation.from && line <= mutation.to) || refers(path, mutation.key),
          );
          expect({ near, errors: near ? [] : errors, mutation: near ? null : mutation }).toEqual({
            near: true,
            errors: [],
            mutation: null,
          });
        },
      ),
      runs(500),
    );
  });

  test('durations are read as they are written', () => {
    fc.assert(
      fc.property(anyManifest, ({ spec }) => {
        fc.pre(spec.timeoutSeconds !== null);
        expect(formatDuration(spec.timeoutSeconds ?? 0)).not.toBe('');
      }),
      runs(50),
    );
  });
});

/** Places that refer to others: a change of the one may be told at the other. */
function refers(path: string, key: string): boolean {
  const pairs: [RegExp, RegExp][] = [
    [/usePVC\.name$|usePVC$/, /^(name|attachExistingPVCs|storage|mountPoint|usePVC)$/],
    [/mountPoint$/, /^mountPoint$/],
    [/^spec\.types|^spec\.env|^spec\.debug|^spec\.rayVersion|^spec$/, /^(operator|types)$/],
    [/^builder\.dockerfile$/, /^context$/],
    [/\.name$|^spec\.types\./, /^(name|count|completions)$/],
    [/accelerators/, /^(tpu|topology|tpuChipsCount|gpu)$/],
  ];
  return pairs.some(([place, changed]) => place.test(path) && changed.test(key));
}

/** One key misspelt, one value of another type, or one key and all below it taken out. */
function mutated(text: string, place: number, kind: 'misspell' | 'retype' | 'remove') {
  const document = parseDocument(text);
  const pairs: { pair: Pair; parents: readonly unknown[] }[] = [];
  visit(document, { Pair: (_, pair, parents) => void pairs.push({ pair, parents }) });
  const chosen = pairs[place % pairs.length];
  if (!chosen) throw new Error('a manifest without keys');
  const [start, end] = rangeOf(chosen.pair, text);
  const parent = [...chosen.parents].reverse().find((each) => isRanged(each));
  const parentStart = parent ? keyLineAbove(text, rangeStart(parent)) : 1;
  const key = String(chosen.pair.key);
  const [head, tail] = [text.slice(0, start), text.slice(end)];
  const body = text.slice(start, end);
  const lineStart = head.lastIndexOf('\n') + 1;
  const changed = {
    misspell: () => `${head}${body.replace(key, `${key}Zq`)}${tail}`,
    retype: () => `${head}${body.slice(0, body.indexOf(':') + 1)} [[oops]]\n${tail}`,
    remove: () => head.slice(0, lineStart) + tail,
  }[/^\s*$/.test(head.slice(lineStart)) ? kind : 'misspell']();
  const lastLine = lineOf(text, Math.max(start, end - 1));
  return { text: changed, from: Math.min(parentStart, lineOf(text, start)), to: lastLine + 1, key };
}

function isRanged(node: unknown): node is { range: [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}

function rangeStart(node: { range: [number, number, number] }): number {
  return node.range[0];
}

/** From the start of the key to the end of its value, whole lines. */
function rangeOf(pair: Pair, text: string): [number, number] {
  const start = isRanged(pair.key) ? pair.key.range[0] : 0;
  const end = isRanged(pair.value) ? pair.value.range[2] : start;
  return [start, Math.max(end, text.indexOf('\n', start) + 1)];
}

/** The line of the key that a map belongs to: the nearest line above it with less indentation. */
function keyLineAbove(text: string, offset: number): number {
  const lines = text.slice(0, offset).split('\n');
  const column = lines.at(-1)?.length ?? 0;
  for (let line = lines.length - 1; line > 0; line--) {
    const above = lines[line - 1] ?? '';
    if (above.trim() !== '' && above.search(/[^\s-]/) < column) return line;
  }
  return 1;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
