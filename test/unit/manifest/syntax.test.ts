import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../../src/manifest/parse.ts';

const MANIFEST = `kind: AIchorManifest
apiVersion: 0.2.3
builder:
  image: a
  dockerfile: Dockerfile
spec:
  operator: jobset
  image: a
  command: python x.py
  types:
    worker:
      count: 1
      resources:
        cpus: 1
        memory: 2
`;

/** What is said about the manifest after one slip: `line:column-end_column what is wrong, and the hint`. */
function said(before: string, after: string): string[] {
  expect(MANIFEST).toContain(before);
  const { diagnostics } = parseManifest(
    MANIFEST.replace(before, () => after),
    'm.yaml',
  );
  return diagnostics.map(
    ({ line, column, end_column: end, message, hint }) => `${line}:${column}-${end} ${message}; ${hint}`,
  );
}

const DEEPER = 'this line is indented deeper than the key above, which has a value already';
const NO_COLON = 'this line has no colon, so it is neither a key nor a part of one';

describe('one slip of the pen is one mistake, at the line to correct', () => {
  test.each([
    [
      'a line too deep',
      '  image: a\n  command',
      '    image: a\n  command',
      `8:5-13 ${DEEPER}; give it the indentation of the keys it belongs to`,
    ],
    [
      'a block that lost its parent',
      '      resources:\n',
      '\n',
      `14:9-16 ${DEEPER}; give it the indentation of the keys it belongs to`,
    ],
    [
      'a line not deep enough',
      '        memory',
      '       memory',
      '15:8-17 this line is indented differently from its neighbours; keys of one map start in the same column',
    ],
    [
      'a key without its colon',
      'resources:\n',
      'resources\n',
      `13:7-16 ${NO_COLON}; write "resources: …", or "# " in front of a comment`,
    ],
    [
      'a key without a blank behind its colon',
      'cpus: 1',
      'cpus:1',
      '14:9-15 there is no blank after the colon; write "cpus: 1"',
    ],
    [
      'characters that say nothing',
      '  types:',
      '  +++\n  types:',
      `10:3-6 ${NO_COLON}; remove it, or write "# " in front of a comment`,
    ],
    [
      'a dash without a blank',
      '  types:',
      '  storage:\n    attachExistingPVCs:\n    -name: a\n     mountPoint: /a\n  types:',
      `13:6-20 ${DEEPER}; write a blank after the dash above`,
    ],
    [
      'an open quote',
      'python x.py',
      '"python x.py',
      '9:12-24 this quote is not closed; close it; lines that go on below must be indented deeper than the key',
    ],
    [
      'a quoted text that goes on too far to the left',
      'python x.py',
      "'python\n  x.py'",
      '9:12-19 this quote is not closed; close it; lines that go on below must be indented deeper than the key',
    ],
    [
      'an open bracket',
      'python x.py',
      '[python, x.py',
      '9:12-25 this bracket is not closed; close it, or put quotes around the text',
    ],
    [
      'text behind a quote',
      'python x.py',
      '"python" x.py',
      '9:21-25 the text goes on behind its closing quote; put the whole of it in quotes, of the other kind if it holds some',
    ],
    [
      'a colon in a text',
      'python x.py',
      'echo a: b',
      '9:12-21 this value holds ": ", as a key does; put quotes around the text; a nested key goes on a line of its own',
    ],
    [
      'a block of text that is not indented',
      'python x.py',
      '|\n  python x.py',
      '10:3-14 this line is not indented deeper than the key of the text it belongs to; indent every line of the text by two spaces more',
    ],
    [
      'a tab',
      '      count',
      '\t\tcount',
      '12:1-3 a tab indents this line; YAML is indented with spaces; replace the tab by two spaces',
    ],
    [
      'a blank that came with copied text',
      '  image: a\n  command',
      '\u00a0 image: a\n  command',
      '8:3-11 a blank of another kind (U+00A0) indents this line; it came with copied text: delete the indentation and type it again',
    ],
    [
      'what a merge left',
      '  command',
      '<<<<<<< HEAD\n  command',
      '9:1-13 a conflict of a merge was left here; keep one of the two versions, and remove the lines with the marks',
    ],
    [
      'a template',
      'command: python x.py',
      'command: {{ command }}',
      '9:13-24 this cannot be a key; a key is a word followed by a colon; quote "{{ … }}" and the like',
    ],
    [
      'a text that starts with a star',
      'python x.py',
      '*.py',
      '9:12-16 there is no anchor &.py above; write &.py before the value that is meant, or quote the text',
    ],
    [
      'a text that starts with an exclamation mark',
      'python x.py',
      '!ls',
      '9:12-15 "!ls" is a tag, and a manifest has none; remove it, or put quotes around the whole text if it starts with "!"',
    ],
  ])('%s', (_, before, after, expected) => {
    expect(said(before, after)).toEqual([expected]);
  });

  test('two slips far from each other are two', () => {
    const broken = MANIFEST.replace('  image: a\n  docker', '   image: a\n  docker').replace(
      'cpus: 1',
      'cpus:1',
    );
    const { diagnostics } = parseManifest(broken, 'm.yaml');
    expect(diagnostics.map(({ line }) => line)).toEqual([5, 14]);
  });
});

describe('hints', () => {
  test.each([
    ['memory: 2', 'memory: 16Gi', 'write 16 (the unit is GB)'],
    ['memory: 2', 'memory: 512 MB', 'write 0.512 (the unit is GB)'],
    ['memory: 2', 'memory: "8"', 'write 8 without quotes'],
    ['memory: 2', 'memory: lots', 'write a number'],
    ['cpus: 1', 'cpus: 500m', 'write 0.5'],
    ['cpus: 1', 'cpus: 1_000', 'write 1000 without "_"'],
    ['cpus: 1', 'cpus: 4 cores', 'write the number alone, without a unit'],
    ['cpus: 1', 'cpus: .inf', 'write a finite number'],
    ['count: 1', 'count: 1.5', 'write 2, for example'],
    ['0.2.3', '0.2', 'write "0.2.3": all three parts, in quotes'],
    ['  types:', '  timeout: 3600\n  types:', 'say the unit: "3600s", for example'],
    ['  types:', '  env:\n    - A=b\n  types:', 'write "NAME: value" lines below "env:", without "- "'],
    ['cpus: 1', 'cpus: 1\n        gpus: 1', 'did you mean "accelerators.gpu.count"?'],
    ['cpus: 1', 'cpus: 1\n        nodeSelector: {}', 'did you mean "extraSelectors"?'],
    ['count: 1', 'replicas: 1', 'did you mean "count"?'],
    [
      '  types:',
      '  storage:\n    attachExistingPVCs:\n    - name: a\n    mountPoint: /a\n  types:',
      'indent it like the other keys of its entry of "attachExistingPVCs"',
    ],
    ['  types:', 'types:', 'it belongs under "spec"'],
  ])('%s → %s', (before, after, hint) => {
    const all = said(before, after);
    expect(all).toHaveLength(1);
    expect(all[0]?.endsWith(`; ${hint}`)).toBe(true);
  });
});
