import fc from 'fast-check';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findLeavingLink, linkStaysInside, resolvePath } from '../../../src/snapshot/listing/links.ts';
import { createListingCheck } from '../../../src/snapshot/listing/check.ts';
import { canonicalListing } from '../../../src/snapshot/listing/lines.ts';
import {
  isInnerPath,
  sortedListing,
  type Listing,
  type ListingEntry,
} from '../../../src/snapshot/listing/listing.ts';

const HASH = 'a'.repeat(64);
const file = (path: string): ListingEntry => ({
  path,
  kind: 'file',
  executable: false,
  bytes: 1,
  sha256: HASH,
});
const link = (path: string, target: string): ListingEntry => ({ path, kind: 'link', target });
const folder = (path: string): ListingEntry => ({ path, kind: 'folder' });

function assertListing({ entries }: Listing): void {
  const check = createListingCheck();
  for (const entry of entries) check.add(entry);
  check.end();
}

const part = fc.constantFrom('a', 'b', 'a-b', 'ä', '.x', '..x', 'a b', 'Z', '\u{1f600}', '\uffee');
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
/** Listings as walks find them: no path below a file. */
const listing = fc.uniqueArray(path, { maxLength: 20 }).map((paths) => {
  const free = paths.filter((one) => !paths.some((other) => other !== one && one.startsWith(`${other}/`)));
  return sortedListing(free.map(file));
});

describe('a listing that comes over the wire', () => {
  it('takes every sound listing, in the order that sortedListing gives', () => {
    fc.assert(
      fc.property(listing, (sound) => {
        expect(() => assertListing(sound)).not.toThrow();
      }),
    );
  });

  it('refuses any other order, and anything twice', () => {
    fc.assert(
      fc.property(listing, fc.nat(), (sound, at) => {
        fc.pre(sound.entries.length > 1);
        const index = at % (sound.entries.length - 1);
        const swapped = [...sound.entries];
        swapped.splice(index, 2, ...sound.entries.slice(index, index + 2).reverse());
        expect(() => assertListing({ entries: swapped })).toThrow('order');
        expect(() =>
          assertListing({
            entries: sound.entries.toSpliced(index, 0, ...sound.entries.slice(index, index + 1)),
          }),
        ).toThrow('twice');
      }),
    );
  });

  it.each<[string, ListingEntry[]]>([
    ['..', [file('../x')]],
    ['a step up inside', [file('a/../x')]],
    ['an absolute path', [file('/etc/passwd')]],
    ['an empty path', [file('')]],
    ['a folder', [file('a/')]],
    ['NUL', [file('a\0b')]],
    ['half a character', [file('\ud800')]],
    ['a file below a file', [file('a'), file('a/b')]],
    ['a file below a file, not beside it in order', [file('a'), file('a-b'), file('a/b')]],
    ['a file below a link', [link('a', 'b'), file('a/x')]],
    ['a file below an empty folder', [folder('a'), file('a/b')]],
    ['a folder that is a file too', [file('a'), folder('a')]],
    ['a link out', [link('a', '../x')]],
    ['an absolute link', [link('a', '/etc/passwd')]],
    ['an empty link', [link('a', '')]],
    ['a link out by way of another', [link('s', '.'), link('t', 's/s/../..')]],
  ])('refuses %s', (_, entries) => {
    expect(() => assertListing({ entries })).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('canonicalListing', () => {
  it('differs when anything but a size differs', () => {
    const text = (entries: ListingEntry[]): string => canonicalListing({ entries });
    const base = file('a');
    expect(text([{ ...base, bytes: 2 } as ListingEntry])).toBe(text([base]));
    const others: Listing['entries'][] = [
      [file('b')],
      [{ ...base, executable: true } as ListingEntry],
      [link('a', HASH)],
      [folder('a')],
      [],
      [file('a\nb')],
      [base, file('b')],
    ];
    expect(new Set([text([base]), ...others.map(text)]).size).toBe(others.length + 1);
  });
});

it('a tree without empty folders has the text that it always had', () => {
  const entries = [file('a'), { ...file('ä"'), executable: true } as ListingEntry, link('l', 'a')];
  const text = canonicalListing(sortedListing(entries));
  expect(text).toBe(`["a","f","${HASH}"]\n["l","l","a"]\n["ä\\"","x","${HASH}"]\n`);
});

describe('links', () => {
  const target = fc
    .array(fc.constantFrom('..', '.', 'a', 'b', ''), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.join('/') || 'a');

  it('stay inside exactly when the path they say does, without other links', () => {
    fc.assert(
      fc.property(path, target, (at, to) => {
        fc.pre(!to.startsWith('/'));
        const steps = to.split('/').filter((one) => one !== '' && one !== '.');
        let depth = at.split('/').length - 1;
        const stays = steps.every((one) => (depth += one === '..' ? -1 : 1) >= 0);
        expect(linkStaysInside(at, to)).toBe(stays);
        if (stays) expect(resolvePath(posix.join(posix.dirname(at), to), () => undefined)).not.toBe('leaves');
      }),
    );
  });

  it('are followed as a file system does it', () => {
    const links = new Map(
      [
        ['up', '.'],
        ['a/l', '../b'],
        ['loop', 'loop'],
        ['bad', 'up/../x'],
      ].map(([at = '', to = '']) => [at, { path: at, kind: 'link' as const, target: to }]),
    );
    const resolve = (at: string) => resolvePath(at, (one) => links.get(one));
    expect(resolve('a/l/c')).toEqual({ path: 'b/c' });
    expect(resolve('up/up/x')).toEqual({ path: 'x' });
    expect(resolve('loop/x')).toBe('loop');
    expect(resolve('bad')).toBe('leaves');
    expect(findLeavingLink({ entries: [...links.values()] })?.path).toBe('bad');
  });

  it('inner paths have no empty, `.` or `..` part', () => {
    fc.assert(
      fc.property(path, (one) => {
        expect(isInnerPath(one)).toBe(true);
      }),
    );
    for (const bad of ['.', '..', 'a//b', './a', 'a/.', 'a/']) expect(isInnerPath(bad)).toBe(false);
  });
});
