import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { houseFindings } from '../../../scripts/check/house.js';
import { readSource, sourceFiles } from '../../../scripts/check/imports.js';

/** Findings about files given as path → source; a file that is only imported may be empty. */
function findings(files) {
  return houseFindings(Object.entries(files).map(([path, source]) => readSource(path, source)));
}

const EMPTY = 'export {};\n';

describe('a planted violation is found, with its place', () => {
  it.each([
    [
      'an import of a higher floor',
      'experiment/x.ts',
      `// first\nimport { y } from '../cli/y.ts';\n`,
      'cli/y.ts',
      /^experiment\/x\.ts:2: experiment \(floor 1\) imports cli\/y\.ts \(floor 4\)$/,
    ],
    [
      'an import of a neighbour on the same floor',
      'manifest/x.ts',
      `import { y } from '../snapshot/listing/y.ts';\n`,
      'snapshot/listing/y.ts',
      /^manifest\/x\.ts:1: manifest .* imports snapshot\/listing\/y\.ts/,
    ],
    [
      'an import for its type only',
      'logs/x.ts',
      `import type { Y } from '../api/y.ts';\n`,
      'api/y.ts',
      /^logs\/x\.ts:1: .* imports api\/y\.ts/,
    ],
    [
      'an import over several lines',
      'render/local/x.ts',
      `import {\n  y,\n} from '../../server/y.ts';\n`,
      'server/y.ts',
      /^render\/local\/x\.ts:1: only commands\/server may import server\//,
    ],
    [
      'a lazy import of a higher floor',
      'client/x.ts',
      `export const y = () => import('../cli/y.ts');\n`,
      'cli/y.ts',
      /^client\/x\.ts:1: client \(floor 3\) imports cli\/y\.ts \(floor 4\)$/,
    ],
    [
      'a door that only one file may use',
      'commands/x.ts',
      `import { y } from '../server/main.ts';\n`,
      'server/main.ts',
      /^commands\/x\.ts:1: only commands\/server may import server\//,
    ],
    [
      'machine/ with a notion of the domain',
      'machine/x.ts',
      `import type { Y } from '../experiment/y.ts';\n`,
      'experiment/y.ts',
      /^machine\/x\.ts:1: machine\/ imports only the ground, not experiment\/y\.ts$/,
    ],
    [
      'an engine that knows the wire',
      'engines/local/x.ts',
      `import type { Y } from '../../api/y.ts';\n`,
      'api/y.ts',
      /^engines\/local\/x\.ts:1: engines\/ never imports api\/y\.ts$/,
    ],
  ])('%s', (_what, path, source, other, finding) => {
    expect(findings({ [path]: source, [other]: EMPTY })).toEqual([expect.stringMatching(finding)]);
  });

  it.each([
    [
      'a package away from its home',
      'logs/x.ts',
      `import { z } from 'zod';\n`,
      /:1: zod belongs in manifest, /,
    ],
    ['a package without a home', 'cli/x.ts', `import chalk from 'chalk';\n`, /:1: chalk has no home/],
    ['node: in a pure file', 'manifest/x.ts', `import { join } from 'node:path';\n`, /:1: manifest is pure/],
    [
      'the clock in a pure file',
      'logs/x.ts',
      `\nexport const now = () => Date.now();\n`,
      /:2: .* the clock$/,
    ],
    ['chance in a pure file', 'api/x.ts', `export const a = Math.random();\n`, /:1: .* chance$/],
    [
      'the process in a pure file',
      'operators/x.ts',
      `export const e = process.env;\n`,
      /:1: .* the process$/,
    ],
    ['a file on no floor', 'utils/x.ts', EMPTY, /^utils\/x\.ts: its folder stands on no floor/],
    ['a file that is too long', 'cli/x.ts', '\n'.repeat(351), /^cli\/x\.ts: 351 lines; at most 350$/],
    ['a command that is too long', 'commands/x.ts', '\n'.repeat(81), /: 81 lines; at most 80$/],
  ])('%s', (_what, path, source, finding) => {
    expect(findings({ [path]: source })).toEqual([expect.stringMatching(finding)]);
  });
});

it('what is allowed is no finding: lower floors, named neighbours, comments', () => {
  expect(
    findings({
      'experiment/x.ts': `import type { O } from '../operators/table.ts';\nimport { E } from '../errors.ts';\n`,
      'operators/table.ts': EMPTY,
      'errors.ts': `// process.env, Date.now(), import { y } from './cli/y.ts'\n${EMPTY}`,
      'commands/server/start.ts': `export const s = () => import('../../server/main.ts');\n`,
      'server/main.ts': `import { z } from '../api/x.ts';\n`,
      'api/x.ts': `import { z } from 'zod';\n`,
    }),
  ).toEqual([]);
});

it('reads every file of the house', async () => {
  const files = await sourceFiles(join(import.meta.dirname, '../../../src'));
  expect(files.length).toBeGreaterThan(100);
  expect(files.find(({ path }) => path === 'cli/main.ts')?.imports).toContainEqual(
    expect.objectContaining({ target: 'exit-codes.ts', type: false, dynamic: false }),
  );
});
