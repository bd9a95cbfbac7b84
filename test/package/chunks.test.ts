import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const dist = join(import.meta.dirname, '../../dist');

/** Modules of Node that warn on stderr when they are loaded, in some version that is supported. */
const DEPRECATED = /require\(["'`](?:node:)?(?:punycode|domain|sys)["'`]\)/;

test('nothing that is shipped loads a module of Node that warns', () => {
  const chunks = readdirSync(dist).filter((name) => name.endsWith('.cjs'));
  expect(chunks).toContain('server.cjs');
  expect(chunks.filter((name) => DEPRECATED.test(readFileSync(join(dist, name), 'utf8')))).toEqual([]);
});
