import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HOMES } from '../../../scripts/check/floors.js';

const root = join(import.meta.dirname, '../../..');

/** Folders of the package that a path may begin with; all others lie in `src/`. */
const FOLDERS = ['src', 'test', 'scripts', 'templates', 'bench', 'docs', 'bin'];

const CODE = /`([\w.@<>*/-]+(?:\.ts|\.js|\.json|\.eta|\.md|\/))`/g;

/** Paths of files and folders that a text names as code; placeholders and names without a folder are none. */
function namedIn(text) {
  return Array.from(text.matchAll(CODE), ([, path = '']) => path).filter(
    (path) => path.slice(0, -1).includes('/') && !/[<>*]/.test(path),
  );
}

function isThere(path) {
  const [first = ''] = path.split('/');
  return existsSync(join(root, FOLDERS.includes(first) ? path : `src/${path}`));
}

describe('what the documents name is there', () => {
  it.each(['docs/journeys.md', 'docs/adding.md', 'docs/dependencies.md', 'CONTRIBUTING.md'])(
    '%s',
    (document) => {
      const named = namedIn(readFileSync(join(root, document), 'utf8'));
      expect(named.length).toBeGreaterThan(3);
      expect(named.filter((path) => !isThere(path))).toEqual([]);
    },
  );
});

it('every package that has a home has its reason, and no other one', () => {
  const packages = readFileSync(join(root, 'docs/dependencies.md'), 'utf8').split('## Measured')[0] ?? '';
  const rows = packages.match(/^\| `.*?(?= \|)/gm) ?? [];
  const told = rows.flatMap((row) => Array.from(row.matchAll(/`([^`]+)`/g), ([, name]) => name));
  expect(told.sort()).toEqual(
    Object.keys(HOMES)
      .filter((name) => name !== 'kubernetes-types')
      .sort(),
  );
});

it('the glossary has at most forty words', () => {
  const rows = readFileSync(join(root, 'docs/glossary.md'), 'utf8').match(/^\| (?!word|--).*$/gm) ?? [];
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.length).toBeLessThanOrEqual(40);
});

it('every folder at the top of src/ has a place in the table of floors and in CONTRIBUTING', () => {
  const design = readFileSync(join(root, 'docs/design.md'), 'utf8');
  const contributing = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  for (const { name } of folders) {
    expect(design, `docs/design.md: src/${name}/`).toContain(`\`src/${name}/`);
    expect(contributing, `CONTRIBUTING.md: src/${name}/`).toContain(`\`src/${name}/`);
  }
});
