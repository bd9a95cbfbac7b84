import { describe, expect, it, test } from 'vitest';
import { readCommitMessage, withRepository } from '../../../src/repository/commit-trigger.ts';

describe('a message that triggers', () => {
  it.each([
    ['aichor[manifest.yaml]: train ResNet on ImageNet', 'aichor_manifests/manifest.yaml'],
    ['aichor[resnet/manifest.yaml]: train', 'aichor_manifests/resnet/manifest.yaml'],
    ['aichor(manifest.yml): round', 'aichor_manifests/manifest.yml'],
    ['aichor(team_a/vbaer_manifest.yml): round', 'aichor_manifests/team_a/vbaer_manifest.yml'],
    ['aichor[manifest.yaml]:', 'aichor_manifests/manifest.yaml'],
    [
      'aichor[manifest.yaml]: text [ref] with `=` and (signs)\n\nand a body',
      'aichor_manifests/manifest.yaml',
    ],
    [`aichor[manifest.yaml]: ${'longer than 72 characters '.repeat(9)}`, 'aichor_manifests/manifest.yaml'],
    ['aichor[with blank.yaml]: x', 'aichor_manifests/with blank.yaml'],
    ['aichor[größe/模型.yaml]: x', 'aichor_manifests/größe/模型.yaml'],
    ['aichor[a(b).yaml]: x', 'aichor_manifests/a(b).yaml'],
    ['exp: run', 'manifest.yaml'],
    ['EXP run', 'manifest.yaml'],
    ['Exp; run', 'manifest.yaml'],
    ['exp-7', 'manifest.yaml'],
    ['exp\n', 'manifest.yaml'],
    ['exp_7', 'manifest.yaml'],
  ])('%j', (message, manifest) => {
    expect(readCommitMessage(message)).toMatchObject({ triggers: true, manifest, hint: null });
  });
});

describe('a message that triggers nothing', () => {
  const RIGHT = 'aichor[manifest.yaml]: …';
  it.each<[string, string | null, RegExp]>([
    // a path that is none
    ['aichor[/test/manifest.yaml]: x', 'aichor[test/manifest.yaml]: …', /begins with \//],
    ['aichor[./manifest.yaml]: x', RIGHT, /shortest form/],
    ['aichor[a//b.yaml]: x', 'aichor[a/b.yaml]: …', /shortest form/],
    ['aichor[../manifest.yaml]: x', null, /leads out/],
    ['aichor[a/../../m.yaml]: x', null, /leads out/],
    ['aichor[aichor_manifests/manifest.yml]: x', 'aichor[manifest.yml]: …', /again/],
    ['aichor[aichor_manifests/aichor_manifests/m.yml]: x', 'aichor[m.yml]: …', /again/],
    ['aichor[team\\manifest.yaml]: x', 'aichor[team/manifest.yaml]: …', /backslash/],
    ['aichor[manifest.json]: x', null, /does not end/],
    ['aichor[.yaml]: x', null, /does not end/],
    ['aichor[a/.yaml]: x', null, /does not end/],
    ['aichor[ manifest.yaml ]: x', RIGHT, /blanks/],
    ['aichor[manifest.YAML]: x', RIGHT, /does not end/],
    ['aichor[a\nb.yaml]: x', null, /control character/],
    [`aichor[${'a'.repeat(1100)}.yaml]: x`, null, /longer/],
    // nearly a form
    ['aichor(manifest.json): x', null, /does not end/],
    ['aichor[manifest.yaml] x', RIGHT, /colon must follow/],
    ['aichor[manifest.yaml] : x', RIGHT, /before the colon/],
    ['aichor [manifest.yaml]: x', RIGHT, /no blank/],
    ['Aichor[manifest.yaml]: x', RIGHT, /small letters/],
    [' aichor[manifest.yaml]: x', RIGHT, /stands before/],
    ['\ufeffaichor[manifest.yaml]: x', RIGHT, /stands before/],
    ['aichor{manifest.yaml}: x', RIGHT, /square or round/],
    ['aichor: x', null, /is missing, in brackets/],
    ['aichor[]: x', null, /no path/],
    ['exp', null, /after exp/],
    ['', null, /is empty/],
  ])('%j', (message, right, why) => {
    const { triggers, manifest, hint, ...said } = readCommitMessage(message);
    expect({ triggers, manifest }).toEqual({ triggers: false, manifest: null });
    expect(said.why).toMatch(why);
    expect(hint).toContain(right ?? 'aichor[manifest.yaml]: what this commit is about');
  });

  it.each([
    'expérience 3',
    'experiment',
    'exp3',
    'expеримент',
    'fix a bug',
    'aichord: music',
    'Revert "aichor[manifest.yaml]: x"',
    'fixup! aichor[manifest.yaml]: x',
    'Merge branch "exp"',
    'docs: say what aichor[manifest.yaml]: does',
  ])('%j, and nobody meant it to', (message) => {
    expect(readCommitMessage(message)).toMatchObject({ triggers: false, manifest: null, hint: null });
  });
});

test('a right form that is proposed is one', () => {
  for (const message of ['aichor[./a/./b.yaml]: x', 'aichor [x/y.yml] z', 'AICHOR(\\m.yaml): x']) {
    const form = /aichor\[[^\]]*\]:/.exec(readCommitMessage(message).hint ?? '')?.[0] ?? '';
    expect(readCommitMessage(`${form} text`).triggers, message).toBe(true);
  }
});

test('a manifest that is not there is told, with one that is', () => {
  const files = [
    'aichor_manifests/resnet/manifest.yaml',
    'aichor_manifests/manifest.yaml',
    'manifest.yaml',
    'src/manifest.yaml',
  ];
  const paths = (list: string[]) => ({
    has: (path: string) => list.includes(path),
    hasFolder: () => false,
    list: () => list,
  });
  const right = readCommitMessage('aichor[manifest.yaml]: x');
  expect(withRepository(right, paths(files))).toEqual(right);
  expect(withRepository(readCommitMessage('aichor[resnt/manifest.yaml]: x'), paths(files))).toMatchObject({
    triggers: true,
    manifest: 'aichor_manifests/resnt/manifest.yaml',
    why: expect.stringContaining('would fail'),
    hint: 'did you mean aichor[resnet/manifest.yaml]: …?',
  });
  expect(withRepository(right, paths(['manifest.yaml'])).hint).toBe(
    'did you mean exp: … (manifest.yaml of the root)?',
  );
  expect(withRepository(right, paths(['src/manifest.yaml'])).hint).toBe('make it: aichor local-repo init');
  const nothing = readCommitMessage('fix');
  expect(withRepository(nothing, paths([]))).toEqual(nothing);
});
