import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Parser } from 'tar';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDiskFull, isDiskUnwritable } from '../../../src/base/io/disk-full.ts';
import {
  isThereSync,
  makeFolderSync,
  readIfThereSync,
  removeAllSync,
} from '../../../src/base/io/files-sync.ts';
import { ifThere, isThere, readIfPossible, readIfThere } from '../../../src/base/io/files.ts';
import { createLineBuffer, jsonLines, parseJsonLines, wholeLines } from '../../../src/base/io/lines.ts';
import { TAR_BLOCK, TAR_END, tarPadding, writeTarHeader } from '../../../src/base/io/tar.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-base-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a folder that is made', () => {
  it('is there, with those above it, and says which was the first', () => {
    const first = join(folder, 'a');
    expect(makeFolderSync(join(first, 'b', 'c'), 0o700)).toBe(first);
    expect(makeFolderSync(join(first, 'b', 'c'), 0o700)).toBeNull();
    expect(makeFolderSync(join(first, 'b', 'd'))).toBe(join(first, 'b', 'd'));
    expect(statSync(first).mode & 0o777).toBe(0o700);
    expect(makeFolderSync('/')).toBeNull();
  });

  it('through a link is where the link leads', async () => {
    await mkdir(join(folder, 'real'));
    await symlink('real', join(folder, 'link'));
    expect(makeFolderSync(join(folder, 'link', 'below'))).toBe(join(folder, 'link', 'below'));
    expect(makeFolderSync(join(folder, 'link'))).toBeNull();
  });

  it.each([
    ['below a file', (root: string) => join(root, 'file', 'below', 'it'), 'ENOTDIR'],
    ['in place of a file', (root: string) => join(root, 'file'), 'EEXIST'],
    ['in place of a link that leads nowhere', (root: string) => join(root, 'dangling'), 'EEXIST'],
  ])('%s is an error', async (_, pathIn, code) => {
    await writeFile(join(folder, 'file'), '');
    await symlink('nowhere', join(folder, 'dangling'));
    expect(() => makeFolderSync(pathIn(folder))).toThrow(code);
  });

  it.skipIf(process.platform !== 'linux')(
    'where the system has none is an error, not a wait without end',
    () => {
      expect(() => makeFolderSync('/proc/nope')).toThrow('ENOENT');
      expect(() => makeFolderSync('/proc/self/no/such/folder')).toThrow('ENOENT');
    },
  );
});

describe('a folder that is removed', () => {
  it('is gone, also when somebody else removes what is in it', async () => {
    const path = join(folder, 'all');
    mkdirSync(path);
    for (let at = 0; at < 2000; at += 1) writeFileSync(join(path, String(at)), '');
    const code = `for (let at = 1999; at >= 0; at -= 1) {
      require('node:fs').rmSync(\`\${process.argv[1]}/\${at}\`, { force: true });
      if (at === 1990) process.stdout.write('going');
    }`;
    const other = spawn(process.execPath, ['-e', code, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(other, 'exit');
    await once(other.stdout, 'data');
    removeAllSync(path);
    expect(isThereSync(path)).toBe(false);
    await ended;
    removeAllSync(path);
  });
});

describe('a file that may be missing', () => {
  it('is its text, or null when it or its folder is not there, or its folder is a file', async () => {
    const file = join(folder, 'file');
    await writeFile(file, 'text');
    for (const [path, text] of [
      [file, 'text'],
      [join(folder, 'none'), null],
      [join(folder, 'no', 'file'), null],
      [join(file, 'below'), null],
    ] as const) {
      expect(await readIfThere(path)).toBe(text);
      expect(readIfThereSync(path)).toBe(text);
      expect(await readIfPossible(path)).toBe(text);
      expect(await isThere(path)).toBe(text !== null);
      expect(isThereSync(path)).toBe(text !== null);
    }
  });

  it('that is there and cannot be read is an error, unless one asks for what is possible', async () => {
    await expect(readIfThere(folder)).rejects.toThrow('EISDIR');
    expect(() => readIfThereSync(folder)).toThrow('EISDIR');
    expect(await readIfPossible(folder)).toBe(null);
    const bug = Promise.reject(new TypeError('a bug'));
    await expect(ifThere(bug)).rejects.toThrow('a bug');
  });

  it.runIf(process.getuid?.() !== 0)('in a folder that may not be entered is an error', async () => {
    await mkdir(join(folder, 'closed'));
    await chmod(join(folder, 'closed'), 0);
    await expect(readIfThere(join(folder, 'closed', 'file'))).rejects.toThrow('EACCES');
    await expect(isThere(join(folder, 'closed', 'file'))).rejects.toThrow('EACCES');
  });

  it('is there when it is a link that leads nowhere', async () => {
    await symlink('nowhere', join(folder, 'link'));
    expect(await isThere(join(folder, 'link'))).toBe(true);
    expect(isThereSync(join(folder, 'link'))).toBe(true);
  });
});

it.each([
  ['ENOSPC', true, true],
  ['EDQUOT', true, true],
  ['EROFS', false, true],
  ['EACCES', false, false],
])('%s: the disk is full %s, takes nothing %s', (code, full, unwritable) => {
  const error = Object.assign(new Error(code), { code });
  expect([isDiskFull(error), isDiskUnwritable(error)]).toEqual([full, unwritable]);
});

/** Cuts bytes into pieces at random places. */
const pieces = (bytes: fc.Arbitrary<Uint8Array>) =>
  fc.tuple(bytes, fc.array(fc.nat())).map(([whole, cuts]) => {
    const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
    return {
      whole,
      parts: [0, ...places].map((from, index) => whole.subarray(from, places[index] ?? whole.length)),
    };
  });

describe('lines', () => {
  it('come out whole, each byte once, however they were cut', () => {
    const bytes = fc
      .array(fc.constantFrom(10, 65, 66, 0xc3), { maxLength: 60 })
      .map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(pieces(bytes), ({ whole, parts }) => {
        const buffer = createLineBuffer();
        const given = parts.map((part) => buffer.push(part));
        for (const lines of given) expect(lines.length === 0 || lines.at(-1) === 10).toBe(true);
        const all = Buffer.concat(given);
        expect(all).toEqual(Buffer.from(whole.subarray(0, whole.lastIndexOf(10) + 1)));
        expect(buffer.pending).toBe(whole.length - all.length);
      }),
    );
  });

  it('are JSON values of every kind, also when a letter of several bytes is cut', async () => {
    const values = fc.array(fc.jsonValue(), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(values, fc.array(fc.nat()), async (list, cuts) => {
        const whole = Buffer.from(list.map((value) => `${JSON.stringify(value)}\n`).join(''));
        const places = [...new Set(cuts.map((cut) => cut % (whole.length + 1)))].sort((a, b) => a - b);
        async function* stream() {
          let from = 0;
          for (const place of [...places, whole.length]) yield whole.subarray(from, (from = place));
        }
        const seen: unknown[] = [];
        for await (const value of jsonLines(stream(), { torn: 'refuse' })) seen.push(value);
        expect(JSON.stringify(seen)).toBe(JSON.stringify(list));
      }),
    );
  });

  it('that are torn are left out, or refused', async () => {
    async function* stream() {
      yield Buffer.from('{"a":1}\n\n{"b"');
      yield Buffer.from(':2}');
    }
    const seen: unknown[] = [];
    for await (const value of jsonLines(stream(), { torn: 'drop' })) seen.push(value);
    expect(seen).toEqual([{ a: 1 }]);
    await expect(async () => {
      for await (const _ of jsonLines(stream(), { torn: 'refuse' }));
    }).rejects.toThrow('the stream ends within a line');
    expect([...parseJsonLines(wholeLines('1\n2\n3'))]).toEqual([1, 2]);
    expect(() => [...parseJsonLines('{')]).toThrow(SyntaxError);
  });
});

describe('tar', () => {
  it('is read by a library as it was written, byte for byte the same each time', () => {
    const path = fc.stringMatching(/^[a-z]{1,40}(\/[a-z]{1,40}){0,3}$/);
    const files = fc.uniqueArray(fc.record({ path, content: fc.uint8Array({ maxLength: 1200 }) }), {
      selector: (file) => file.path,
      maxLength: 5,
    });
    fc.assert(
      fc.property(files, (list) => {
        const kept = list.filter(({ path: name }) => name.length <= 100);
        const archive = Buffer.concat([
          ...kept.flatMap(({ path: name, content }) => {
            const header = Buffer.alloc(TAR_BLOCK, 7);
            expect(writeTarHeader({ path: name, size: content.length, mode: 0o755 }, header)).toBe(true);
            return [header, content, Buffer.alloc(tarPadding(content.length))];
          }),
          TAR_END,
        ]);
        expect(archive.length % TAR_BLOCK).toBe(0);
        const seen = new Map<string, Buffer>();
        const parser = new Parser({ strict: true });
        parser.on('entry', (entry) => {
          expect(entry).toMatchObject({ mode: 0o755, uid: 0, gid: 0, type: 'File', mtime: new Date(0) });
          const parts: Buffer[] = [];
          entry.on('data', (part: Buffer) => parts.push(part));
          entry.on('end', () => seen.set(entry.path, Buffer.concat(parts)));
        });
        if (kept.length > 0) parser.end(archive);
        expect(seen).toEqual(new Map(kept.map(({ path: name, content }) => [name, Buffer.from(content)])));
      }),
    );
  });

  it.each(['a'.repeat(101), `${'a'.repeat(160)}/b`])('does not take a path that it would cut: %s', (path) => {
    expect(writeTarHeader({ path, size: 0 }, Buffer.alloc(TAR_BLOCK))).toBe(false);
  });
});
