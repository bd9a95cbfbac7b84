import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

interface Loaded {
  load(path: string): unknown;
  scripts: Map<string, { script: { cachedDataRejected?: boolean } }>;
}

/** A copy of what is installed, whose files may be spoilt. */
describe('code caches of the bundles', () => {
  let folder: string;
  let cli: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aichor-cache-'));
    for (const name of ['bin', 'dist', 'package.json', 'oclif.manifest.json']) {
      cpSync(join(root, name), join(folder, name), { recursive: true });
    }
    cli = join(folder, 'dist', 'cli.cjs');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What V8 says to the cache of `cli.cjs`: undefined when it was given none. */
  function rejected(): boolean | undefined {
    const { createLoader } = createRequire(join(folder, 'bin', 'x.js'))('./bundles.js');
    const loader: Loaded = createLoader();
    loader.load(cli);
    return loader.scripts.get(cli)?.script.cachedDataRejected;
  }

  const help = () =>
    execFileSync(process.execPath, [join(folder, 'bin', 'aichor.js'), '--help'], {
      env: { PATH: process.env['PATH'], HOME: folder },
      encoding: 'utf8',
    });

  it('are taken by the Node that built them', () => {
    expect(rejected()).toBe(false);
    expect(help()).toContain('experiments');
  });

  it('are not looked at when they were made of another text of the same length', () => {
    const text = readFileSync(cli, 'utf8');
    const hash = text.slice(-65, -1);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    writeFileSync(cli, text.replace(hash, '0'.repeat(64)));
    expect(rejected()).toBeUndefined();
    expect(help()).toContain('experiments');
    writeFileSync(cli, text);
  });

  it('cost nothing but time when they are cut off or gone', () => {
    const cache = readFileSync(`${cli}.cache`);
    writeFileSync(`${cli}.cache`, cache.subarray(0, cache.length / 2));
    expect(rejected()).toBeUndefined();
    expect(help()).toContain('experiments');
    rmSync(`${cli}.cache`);
    expect(rejected()).toBeUndefined();
    expect(help()).toContain('experiments');
  });
});
