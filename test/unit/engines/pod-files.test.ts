import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPodFiles } from '../../../src/engines/local/pod/pod-files.ts';

const IDENTITY = { pid: 42, boot: 'boot', start: '1234' };
const LINE = '42 boot 1234\n';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'aichor-pod-files-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function read(files: Record<string, string>, { isKnown = false, isGone = false } = {}) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const pod = { name: 'p', base: join(folder, 'p'), identity: isKnown ? IDENTITY : null };
  const { exit, identity, claimed, exit_waits } = readPodFiles(pod, new Set(readdirSync(folder)), isGone);
  return { claimed, identity, code: exit?.code ?? null, exit_waits };
}

const RUNS = { claimed: true, identity: IDENTITY, code: null, exit_waits: false };
const KNOWN = { ...RUNS, identity: null };

test.each([
  ['nobody has claimed it', {}, {}, { ...KNOWN, claimed: false }],
  ['it is claimed, and who runs it is still being written', { 'p.pid': '42 boot' }, {}, KNOWN],
  ['it runs', { 'p.pid': LINE }, {}, RUNS],
  ['it has ended', { 'p.pid': LINE, 'p.exit': '3\n' }, {}, { ...RUNS, code: 3 }],
  ['its code is just being written', { 'p.pid': LINE, 'p.exit': '' }, {}, { ...RUNS, exit_waits: true }],
  ['a disk without room', { 'p.pid': `${LINE}137\n`, 'p.exit': '' }, {}, { ...RUNS, code: 137 }],
  ['the same, its process known', { 'p.pid': `${LINE}137\n`, 'p.exit': '' }, { isKnown: true }, { ...KNOWN, code: 137 }],
  ['a disk without inodes', { 'p.pid': `${LINE}0\n` }, {}, { ...RUNS, code: 0 }],
  ['the same, known and gone', { 'p.pid': `${LINE}0\n` }, { isKnown: true, isGone: true }, { ...KNOWN, code: 0 }],
  ['known and gone without a word', { 'p.pid': LINE }, { isKnown: true, isGone: true }, KNOWN],
  ['half a code', { 'p.pid': `${LINE}13` }, { isKnown: true, isGone: true }, KNOWN],
  ['a code that was written when there was room again', { 'p.pid': LINE, 'p.exit': '1\n' }, { isKnown: true }, { ...KNOWN, code: 1 }],
] as const)('%s', (_what, files, given, expected) => {
  expect(read(files, given)).toEqual(expected);
}); // prettier-ignore
