import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { place, placeSync } from '../../../src/base/io/place.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-place-'));
  file = join(folder, 'settings.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ways = [
  ['place', place],
  ['placeSync', async (...given: Parameters<typeof placeSync>) => placeSync(...given)],
] as const;

describe.each(ways)('%s', (_name, put) => {
  it('makes a file that only this user can read', async () => {
    await put(file, 'first');
    expect(await readFile(file, 'utf8')).toBe('first');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it.each([0o600, 0o644, 0o755, 0o666])('gives the file mode %o whatever the umask is', async (mode) => {
    const umask = process.umask(0o077);
    try {
      await put(file, 'x', { mode, durable: true });
    } finally {
      process.umask(umask);
    }
    expect((await stat(file)).mode & 0o777).toBe(mode);
  });

  it('says when it was written to', async () => {
    const modified = new Date('2026-01-02T03:04:05.678Z');
    await put(file, 'x', { modified });
    expect((await stat(file)).mtime).toEqual(modified);
  });

  it('replaces a file that is longer, and one that this user may not write', async () => {
    await writeFile(file, 'much longer than what comes');
    await chmod(file, 0o400);
    await put(file, Buffer.from('new'), { durable: true });
    expect(await readFile(file, 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['settings.json']);
  });

  it('lets many write at once: one of them stays whole, and nothing else', async () => {
    const contents = Array.from({ length: 20 }, (_, index) => String(index).repeat(50_000));
    await Promise.all(contents.map((content) => put(file, content)));
    expect(contents).toContain(await readFile(file, 'utf8'));
    expect(await readdir(folder)).toEqual(['settings.json']);
  });

  it('leaves nothing behind where a folder is in its place, or none around it', async () => {
    await expect(put(folder, 'x')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    await expect(put(join(folder, 'no', 'file'), 'x')).rejects.toThrow('ENOENT');
    expect(await readdir(folder)).toEqual([]);
  });
});

it('places what a stream gives, and nothing of one that fails', async () => {
  await place(file, 'old');
  async function* broken() {
    yield Buffer.from('half');
    throw new Error('the connection broke');
  }
  await expect(place(file, broken())).rejects.toThrow('the connection broke');
  expect(await readFile(file, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['settings.json']);
  async function* whole() {
    yield Buffer.from('one ');
    yield Buffer.from('two');
  }
  await place(file, whole());
  expect(await readFile(file, 'utf8')).toBe('one two');
});

describe('kill -9 of the writer', () => {
  let programs: string;
  beforeAll(async () => {
    programs = await mkdtemp(join(tmpdir(), 'aichor-place-program-'));
    await build({
      stdin: {
        contents: `import { place, placeSync } from './src/base/io/place.ts';
const [way, path] = process.argv.slice(2);
if (way === 'place') await place(path, 'new'.repeat(100_000), { durable: true });
else placeSync(path, 'new'.repeat(100_000), { durable: true });`,
        resolveDir: process.cwd(),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: join(programs, 'writer.mjs'),
    });
  });
  afterAll(() => rm(programs, { recursive: true, force: true }));

  it.each([
    ['place', 'place-opened', 'old'],
    ['place', 'place-written', 'old'],
    ['place', 'place-renamed', 'new'],
    ['placeSync', 'place-written', 'old'],
    ['placeSync', 'place-renamed', 'new'],
  ])('%s at %s leaves the %s content, whole, and the next one is written', async (way, point, left) => {
    await writeFile(file, 'old');
    const write = (crashAt: string) =>
      spawnSync(process.execPath, [join(programs, 'writer.mjs'), way, file], {
        env: { ...process.env, AICHOR_CRASH_AT: crashAt },
        encoding: 'utf8',
      });
    expect(write(point).signal).toBe('SIGKILL');
    const content = await readFile(file, 'utf8');
    expect(content).toBe(left === 'old' ? 'old' : 'new'.repeat(100_000));
    const beside = (await readdir(folder)).filter((name) => name !== 'settings.json');
    expect(beside.every((name) => /^settings\.json\.[0-9a-f-]{36}\.tmp$/.test(name))).toBe(true);
    expect(write('')).toMatchObject({ status: 0, stderr: '' });
    expect(await readFile(file, 'utf8')).toBe('new'.repeat(100_000));
  });
});
