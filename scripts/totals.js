/**
 * The end of `.ci/run`: what failed, by name and with its first lines, then the totals. `node scripts/totals.js FOLDER`
 * reads what the steps left there: `steps` (a line of key, exit code and name each), `KEY.json` as vitest reports,
 * `KEY.stray.json` (errors outside of any test), `KEY.log`; `not-begun`: lines of key, reason and name. Fails when anything did.
 *
 * `node scripts/totals.js --stray FOLDER KEY` prints the files that are to be tried again for such errors: none when a
 * test failed as well, or when an error has no file.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LEFT_SOMETHING } from './left-over.js';

/** Steps that are no tests: their failure counts as one. */
const WITHOUT_REPORT = new Set(['check']);

/** What says in an output why a run failed although its tests passed. */
const REASONS = /left by the tests: |Unhandled |Error: |error: |originated in|latest test|failed|FAIL/;
const ESCAPES = /\u001b\[[0-9;]*m/g;

const isAsked = process.argv[2] === '--stray';
const folder = process.argv[isAsked ? 3 : 2];
if (isAsked) {
  for (const file of filesToRepeat(process.argv[4])) print(file);
  process.exit();
}
const steps = table('steps').map(([key, code, name]) => ({ key, code: Number(code), name }));

let passed = 0;
let failed = 0;
let skipped = 0;
for (const step of steps) {
  if (WITHOUT_REPORT.has(step.key)) {
    if (step.code !== 0) fail(step, 'its last lines', lastLines(step.key, /./));
    continue;
  }
  const report = read(`${step.key}.json`);
  if (report === '') fail(step, 'it ended without a report', lastLines(step.key, /./));
  else count(step, JSON.parse(report));
}
for (const [, why, name] of table('not-begun')) print(`SKIPPED ${name}: ${why}`);
print(`${skipped} skipped`);
print(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function count(step, result) {
  passed += result.numPassedTests;
  skipped += result.numPendingTests;
  failed += result.numFailedTests;
  const before = failed;
  for (const suite of result.testResults) {
    const tests = suite.assertionResults.filter(({ status }) => status === 'failed');
    for (const test of tests) tell('FAILED', step, suite, test);
    if (suite.status === 'failed' && tests.length === 0) fail(step, suite.name, [suite.message]);
    // What a first try failed with stays with a test that passed at the second.
    for (const test of suite.assertionResults) {
      if (test.status !== 'passed' || !test.failureMessages?.length) continue;
      tell('TRIED TWICE', step, suite, test);
    }
  }
  const stray = strayErrors(step.key);
  const isRepeated = filesToRepeat(step.key).length > 0 && [0, LEFT_SOMETHING].includes(step.code);
  for (const { file, test, message } of stray) {
    const at = `${file ?? 'an unknown file'} ${test ?? ''} (outside of any test)`;
    if (isRepeated) say('TRIED TWICE', step, at, message.split('\n').slice(0, 12));
    else fail(step, at, message.split('\n').slice(0, 12));
  }
  if (step.code === 0 || failed > before || result.numFailedTests > 0) return;
  const left = lastLines(step.key, REASONS);
  // `npm test` fails of it. Here it is told: that something is left is no reason against a change whose tests all passed.
  if (step.code === LEFT_SOMETHING) say('LEFT', step, 'its tests passed, and left something', left);
  else fail(step, `its tests passed, and it ended with ${step.code}`, left);
}

/** What is tried again: the files in which errors came that belong to no test, where nothing else failed. */
function filesToRepeat(key) {
  const files = strayErrors(key).map(({ file }) => file);
  const report = read(`${key}.json`);
  if (report === '' || JSON.parse(report).numFailedTests > 0 || files.includes(null)) return [];
  return [...new Set(files)];
}

function strayErrors(key) {
  const text = read(`${key}.stray.json`);
  return text === '' ? [] : JSON.parse(text);
}

function fail(step, what, lines) {
  failed += 1;
  say('FAILED', step, what, lines);
}

function tell(word, step, suite, { fullName, failureMessages }) {
  say(word, step, `${suite.name} ${fullName}`, failureMessages.join('\n').split('\n').slice(0, 12));
}

function say(word, step, what, lines) {
  print(`${word} ${step.name}: ${what}`);
  const text = lines.join('\n').replace(ESCAPES, '').split('\n').join('\n  ');
  if (text !== '') print(`  ${text.slice(0, 2000)}`);
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

function lastLines(key, pattern) {
  const lines = read(`${key}.log`).replace(ESCAPES, '').split('\n');
  return lines.filter((line) => pattern.test(line)).slice(-12);
}

/** Cells of the lines of a file; none without it. */
function table(name) {
  return read(name)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

function read(name) {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
