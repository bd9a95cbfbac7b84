import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repositoryAbove } from '../../../../src/cli/manifest/repository-around.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-above-'));
  for (const path of [
    'home/project/src/digits',
    'home/project/aichor_manifests',
    'home/other/.git',
    'home/other/deep',
  ])
    mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, 'home/project/aichor_manifests/manifest.yaml'), '');
  writeFileSync(join(folder, 'home/manifest.yaml'), '');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function above(path: string, requested: string | null = null) {
  const said: string[] = [];
  const home = join(folder, 'home');
  const onNotice = (message: string) => said.push(message);
  return { root: repositoryAbove(join(folder, path), { requested, home, onNotice }), said };
}

describe('the repository around a folder', () => {
  it('is the nearest above it that has a manifest, which is said', () => {
    const { root, said } = above('home/project/src/digits');
    expect(root).toBe('../..');
    expect(said).toEqual([`the repository is ${join(folder, 'home/project')}, above this folder`]);
  });

  it('is the folder itself where it has one, without a word', () => {
    expect(above('home/project')).toEqual({ root: join(folder, 'home/project'), said: [] });
  });

  it('is not looked for above a checkout, nor in the home directory', () => {
    for (const path of ['home/other/deep', 'home/project2'])
      expect(above(path)).toEqual({ root: join(folder, path), said: [] });
  });

  it('has the manifest that is asked for', () => {
    expect(above('home/project/src', 'aichor_manifests/manifest.yaml').root).toBe('..');
    expect(above('home/project/src', 'aichor_manifests/no.yaml').root).toBe(join(folder, 'home/project/src'));
    expect(above('home/project/src', '../../etc/passwd').said).toEqual([]);
  });
});
