import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAichorError } from '../../../src/errors.ts';
import { parseManifest } from '../../../src/manifest/parse.ts';
import { dockerfileOf, repositoryFindings } from '../../../src/repository/findings.ts';
import { globBase, globMatcher, isGlob } from '../../../src/repository/glob.ts';
import { locateManifest } from '../../../src/repository/locate.ts';
import { example, text } from '../manifest/examples.ts';

function repository(...files: string[]) {
  const known = new Set(files);
  return { has: (path: string) => known.has(path), list: () => files };
}

function refused(work: () => unknown): { code: string; message: string; hint: string | null } {
  try {
    work();
  } catch (error) {
    if (isAichorError(error)) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('which manifest counts', () => {
  test.each([
    [['aichor_manifests/manifest.yaml'], 'aichor_manifests/manifest.yaml'],
    [['aichor_manifests/manifest.yml'], 'aichor_manifests/manifest.yml'],
    [['aichor_manifests/manifest.yml', 'aichor_manifests/manifest.yaml'], 'aichor_manifests/manifest.yaml'],
    [['manifest.yaml', 'a/manifest.yaml'], 'manifest.yaml'],
    [['manifest.yml'], 'manifest.yml'],
  ])('of %j: %s', (files, expected) => {
    expect(locateManifest(repository(...files), null)).toEqual({ path: expected, notices: [] });
  });

  test('both places: a notice says which was taken', () => {
    const { path, notices } = locateManifest(
      repository('manifest.yaml', 'aichor_manifests/manifest.yml'),
      null,
    );
    expect(path).toBe('aichor_manifests/manifest.yml');
    expect(notices).toEqual([
      { code: 'two_manifests', message: expect.stringContaining('manifest.yaml is there as well') },
    ]);
  });

  test.each(['a/b.yaml', './a/b.yaml', 'a//b.yaml', 'a/../a/b.yaml'])(
    'the requested one wins: %s',
    (requested) => {
      expect(locateManifest(repository('manifest.yaml', 'a/b.yaml'), requested)).toEqual({
        path: 'a/b.yaml',
        notices: [],
      });
    },
  );

  test('none: what to do', () => {
    expect(refused(() => locateManifest(repository('main.py'), null))).toMatchObject({
      code: 'repository_invalid',
      hint: expect.stringContaining('manifest init'),
    });
    expect(refused(() => locateManifest(repository('sub/manifest.yaml'), null)).hint).toContain(
      'sub/manifest.yaml',
    );
    expect(refused(() => locateManifest(repository('aichor_manifests/b.yaml'), null)).hint).toContain(
      'aichor_manifests/b.yaml',
    );
  });

  test('a requested one that is not there', () => {
    const files = repository('aichor_manifests/train.yaml', 'aichor_manifests/manifest.yaml');
    expect(refused(() => locateManifest(files, 'aichor_manifests/trian.yaml')).hint).toBe(
      'did you mean aichor_manifests/train.yaml?',
    );
    expect(refused(() => locateManifest(files, 'train.yaml')).hint).toBe(
      'did you mean aichor_manifests/train.yaml?',
    );
    expect(refused(() => locateManifest(files, '../other/manifest.yaml')).code).toBe('repository_invalid');
    expect(refused(() => locateManifest(files, '/etc/manifest.yaml')).code).toBe('repository_invalid');
  });
});

describe('the repository around a manifest', () => {
  const builder = (context: string, dockerfile: string) => ({
    builder: {
      image: 'a',
      dockerfile,
      context,
      buildArgs: {},
      registry: null,
      target: null,
      skipBuild: null,
    },
  });
  const found = (context: string, dockerfile: string, ...files: string[]) =>
    repositoryFindings(builder(context, dockerfile), repository(...files), 'm.yaml').map(
      ({ severity, code }) => `${severity} ${code}`,
    );

  test.each([
    ['.', './Dockerfile', ['Dockerfile'], []],
    ['a', 'Dockerfile', ['a/Dockerfile', 'Dockerfile'], []],
    ['a/b', '../Dockerfile', ['a/Dockerfile', 'a/b/x.py'], []],
    ['a', 'Dockerfile', ['Dockerfile', 'a/x.py'], ['warning dockerfile-at-root']],
    ['a', 'a/Dockerfile', ['a/Dockerfile'], ['warning dockerfile-at-root']],
    ['.', 'Dockerfile', ['x.py'], ['warning dockerfile-missing']],
    ['a', 'Dockerfile', ['Dockerfile'], ['error context-missing']],
  ])('context %s, dockerfile %s, files %j', (context, dockerfile, files, expected) => {
    expect(found(context, dockerfile, ...files)).toEqual(expected);
  });

  test('findings stand where the manifest says it', () => {
    const { manifest, places } = parseManifest(text(example('jax')), 'm.yaml');
    if (manifest === null) throw new Error('the example is broken');
    const [finding] = repositoryFindings(manifest, repository('x.py'), { file: 'm.yaml', places });
    expect(finding).toMatchObject({ file: 'm.yaml', path: 'builder.dockerfile', line: 5, column: 15 });
    const [bare] = repositoryFindings(manifest, repository('x.py'), 'm.yaml');
    expect(bare).toMatchObject({ line: 1, column: 1 });
  });

  test('an empty folder that is there needs no file in it', () => {
    const paths = { ...repository('Dockerfile'), hasFolder: (path: string) => path === 'empty' };
    expect(repositoryFindings(builder('empty', 'Dockerfile'), paths, 'm').map(({ code }) => code)).toEqual([
      'dockerfile-at-root',
    ]);
  });

  test('where the Dockerfile lies', () => {
    expect(dockerfileOf({ context: 'a', dockerfile: './Dockerfile' }, repository('a/Dockerfile'))).toEqual({
      path: 'a/Dockerfile',
      atRoot: false,
    });
    expect(dockerfileOf({ context: 'a', dockerfile: 'Dockerfile' }, repository('b/Dockerfile'))).toBeNull();
  });
});

describe('patterns', () => {
  test.each([
    ['*.yaml', 'a.yaml', true],
    ['*.yaml', 'a/b.yaml', false],
    ['*.yaml', '.hidden.yaml', false],
    ['.*.yaml', '.hidden.yaml', true],
    ['**/*.yaml', 'a.yaml', true],
    ['**/*.yaml', 'a/b/c.yaml', true],
    ['a/**', 'a/b/c', true],
    ['a/**', 'a', false],
    ['a/**', 'a/.b/c', false],
    ['**/.b/*', 'a/.b/c', true],
    ['**/b/**/c', 'b/a/b/c/c', true],
    ['**/b/**/c', 'a/b', false],
    ['*a*b', 'xaab', true],
    ['*a*b', 'xbba', false],
    ['[z-a]', 'z', true],
    ['x[[]y', 'x[y', true],
    ['/x/*', '/x/y', true],
    ['?', '🚀', true],
    ['a/**/c', 'a/c', true],
    ['a/**/c', 'ab/c', false],
    ['*.{yaml,yml}', 'x.yml', true],
    ['{a,b}/{c,d}.yaml', 'b/c.yaml', true],
    ['x[0-9].yaml', 'x7.yaml', true],
    ['x[!0-9].yaml', 'x7.yaml', false],
    ['?.yaml', 'ab.yaml', false],
    ['a.b+c*', 'a.b+c1', true],
    ['a.b*', 'aXb', false],
    ['./m/*.yaml', 'm/x.yaml', true],
  ])('%s and %s: %s', (pattern, path, expected) => {
    expect(globMatcher(pattern)(path)).toBe(expected);
  });

  test.each([
    ['stars in a name', `${'*a'.repeat(2000)}b`, 'a'.repeat(4000)],
    ['stars for folders', `${'**/a/'.repeat(500)}b`, 'a/'.repeat(1000)],
    ['braces', '{a,b}'.repeat(30), 'ab'.repeat(15)],
  ])('many %s are answered all the same', (_, pattern, path) => {
    expect(globMatcher(pattern)(path)).toBe(false);
  });

  test('say the same as the definition', () => {
    const part = fc.stringMatching(/^[ab.*?]{1,4}$/).filter((text) => text !== '.');
    const name = fc.stringMatching(/^\.?[ab]{1,4}$/);
    const folders = fc.array(fc.oneof(part, fc.constant('**')), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(folders, fc.array(name, { minLength: 1, maxLength: 4 }), (pattern, names) => {
        expect(globMatcher(pattern.join('/'))(names.join('/'))).toBe(matches(pattern, names));
      }),
      { numRuns: 3_000 },
    );
  });

  test('are told from paths, and say where to look', () => {
    expect(['a.yaml', 'a b', 'a*', '?', '[ab]', '{a,b}'].map(isGlob)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(['*.yaml', 'a/b/*.yaml', '/x/*', 'a/{b,c}/d'].map(globBase)).toEqual(['.', 'a/b', '/x', 'a']);
  });
});

/** What a pattern means, tried out in every way there is. */
function matches(pattern: readonly string[], names: readonly string[]): boolean {
  const [part, ...parts] = pattern;
  const [name, ...rest] = names;
  if (part === undefined) return name === undefined;
  if (part !== '**') return name !== undefined && nameMatches(part, name) && matches(parts, rest);
  if (name === undefined) return false;
  const inside = !name.startsWith('.') && matches(pattern, rest);
  return inside || (parts.length === 0 ? !name.startsWith('.') && rest.length === 0 : matches(parts, names));
}

function nameMatches(part: string, name: string): boolean {
  if (/^[*?]/.test(part) && name.startsWith('.')) return false;
  return charactersMatch(part, name);
}

function charactersMatch(part: string, text: string): boolean {
  if (part === '') return text === '';
  if (part.startsWith('*'))
    return charactersMatch(part.slice(1), text) || (text !== '' && charactersMatch(part, text.slice(1)));
  return (
    text !== '' &&
    (part.startsWith('?') || part[0] === text[0]) &&
    charactersMatch(part.slice(1), text.slice(1))
  );
}
