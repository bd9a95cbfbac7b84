/** The last lines of `.ci/run`, from what its steps leave: reports as vitest writes them, and outputs. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'aichor-totals-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const PASSED = { numPassedTests: 2, numFailedTests: 0, numPendingTests: 1, success: true, testResults: [] };
const TWICE = {
  name: 'a.test.ts',
  status: 'passed',
  assertionResults: [{ status: 'passed', fullName: 'ends', failureMessages: ['Error: late\n at b'] }],
};

/** @param {Record<string, {code?: number, report?: object | null, log?: string}>} steps what differs from a run of two tests that passed */
function said(steps) {
  const lines = [];
  for (const key of ['node', 'check', 'cluster']) {
    const { code = 0, report = {}, log = '', stray = [] } = steps[key] ?? {};
    lines.push(`${key}\t${code}\tthe ${key} step\n`);
    writeFileSync(join(folder, `${key}.log`), log);
    writeFileSync(join(folder, `${key}.stray.json`), JSON.stringify(stray));
    if (key !== 'check' && report !== null) {
      writeFileSync(join(folder, `${key}.json`), JSON.stringify({ ...PASSED, ...report }));
    }
  }
  writeFileSync(join(folder, 'steps'), lines.join(''));
  const { stdout, status } = spawnSync(process.execPath, ['scripts/totals.js', folder], { encoding: 'utf8' });
  return [status, stdout];
}

it('adds up', () => {
  expect(said({})).toEqual([0, '2 skipped\n4 passed, 0 failed\n']);
});

it('what there was no time for is named, and why', () => {
  writeFileSync(join(folder, 'not-begun'), 'node24-6\t75 of 80 minutes have passed\tthe sixth part\n');
  expect(said({})).toEqual([
    0,
    'SKIPPED the sixth part: 75 of 80 minutes have passed\n2 skipped\n4 passed, 0 failed\n',
  ]);
});

it('a test that failed is named with what it said, and a failed check counts as one', () => {
  const failing = {
    ...PASSED,
    numPassedTests: 1,
    numFailedTests: 1,
    success: false,
    testResults: [
      {
        name: 'a.test.ts',
        status: 'failed',
        assertionResults: [{ status: 'failed', fullName: 'ends', failureMessages: ['Error: no\n at b'] }],
      },
    ],
  };
  const [status, text] = said({
    cluster: { code: 1, report: failing },
    check: { code: 1, log: 'types\n\u001b[31mwrong: x\u001b[0m\n' },
  });
  expect(status).toBe(1);
  expect(text).toBe(
    'FAILED the check step: its last lines\n  types\n  wrong: x\n' +
      'FAILED the cluster step: a.test.ts ends\n  Error: no\n   at b\n2 skipped\n3 passed, 2 failed\n',
  );
});

it('what a run left is told, and no failure here', () => {
  const [status, text] = said({ node: { code: 3, log: 'ok\nleft by the tests: folder /tmp/at-1/x\nok\n' } });
  expect(status).toBe(0);
  expect(text).toBe(
    'LEFT the node step: its tests passed, and left something\n  left by the tests: folder /tmp/at-1/x\n' +
      '2 skipped\n4 passed, 0 failed\n',
  );
});

it('a run that failed although its tests passed is a failure', () => {
  const [status, text] = said({ node: { code: 1, log: 'ok\nError: no room\n' } });
  expect(status).toBe(1);
  expect(text).toContain('FAILED the node step: its tests passed, and it ended with 1\n  Error: no room\n');
});

it('a test that passed at its second try is told', () => {
  const [status, text] = said({ node: { report: { ...PASSED, testResults: [TWICE] } } });
  expect(status).toBe(0);
  expect(text).toBe(
    'TRIED TWICE the node step: a.test.ts ends\n  Error: late\n   at b\n2 skipped\n4 passed, 0 failed\n',
  );
});

describe('an error outside of any test', () => {
  const stray = [{ file: '/c/a.test.ts', test: 'ends', message: 'Error: late\n at b' }];

  it('has its file tried again, and is told when that passed', () => {
    const [status, text] = said({ node: { stray } });
    expect(status).toBe(0);
    expect(text).toContain(
      'TRIED TWICE the node step: /c/a.test.ts ends (outside of any test)\n  Error: late\n',
    );
    expect(repeated()).toBe('/c/a.test.ts\n');
  });

  it('is a failure when it came again', () => {
    const [status, text] = said({ node: { stray, code: 1 } });
    expect(status).toBe(1);
    expect(text).toContain('FAILED the node step: /c/a.test.ts ends (outside of any test)\n  Error: late\n');
    expect(text).toContain('4 passed, 1 failed\n');
  });

  it('is a failure when nobody knows its file, or a test failed as well', () => {
    expect(said({ node: { stray: [...stray, { ...stray[0], file: null }] } })[0]).toBe(1);
    expect(repeated()).toBe('');
    said({ node: { stray, report: { numFailedTests: 1 } } });
    expect(repeated()).toBe('');
  });

  function repeated() {
    return spawnSync(process.execPath, ['scripts/totals.js', '--stray', folder, 'node'], { encoding: 'utf8' })
      .stdout;
  }
});

it('is written down by the reporter, with its file', () => {
  const file = join(folder, 'late.test.js');
  writeFileSync(
    file,
    `import { it } from 'vitest';
     it('ends', async () => { setTimeout(() => Promise.reject(new Error('late')), 1); await new Promise((go) => setTimeout(go, 100)); });`,
  );
  writeFileSync(join(folder, 'vitest.config.js'), 'export default {};');
  const path = join(folder, 'stray.json');
  const words = ['node_modules/vitest/vitest.mjs', 'run', '--root', folder];
  const reporter = `--reporter=${join(process.cwd(), 'scripts/stray-errors.js')}`;
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  const { status } = spawnSync(process.execPath, [...words, reporter], {
    env: { ...process.env, AICHOR_STRAY_ERRORS: path },
  });
  expect(status).toBe(1);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual([
    { file: realpathSync(file), test: 'ends', message: expect.stringContaining('Error: late') },
  ]);
});

it('a step without a report failed', () => {
  const [status, text] = said({ cluster: { code: 1, report: null, log: 'no such file\n' } });
  expect(status).toBe(1);
  expect(text).toContain('FAILED the cluster step: it ended without a report\n  no such file\n');
});
