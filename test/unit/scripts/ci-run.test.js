/** What `.ci/run` decides: which steps are begun, and what is tried once more. Its own functions, with a `node` that is played. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'aichor-ci-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const text = readFileSync('.ci/run', 'utf8');
const definition = (name) => new RegExp(`^${name}\\(\\) \\{.*?^\\}`, 'ms').exec(text)?.[0];

/** Runs words with functions of `.ci/run`; its results are in `folder`. */
function run(names, words) {
  const limits = text.match(/^[A-Z]+_MINUTES=.*/gm) ?? [];
  const lines = ['set -u', `results=${folder}`, ...limits, ...names.map(definition), words];
  return spawnSync('bash', ['-c', lines.join('\n')], { encoding: 'utf8' }).stdout;
}

const PLAYED = `node() {
  if [ "$2" = --stray ]; then echo odd.test.ts; return; fi
  printf '%s\\n' "$*" >>"$results/calls"
  return 1
}
timeout() { echo "$1 $2" >>"$results/limits"; shift 2; "$@"; }`;

it('files are tried again as a whole, also where they were in a part of the suite', () => {
  run(['tests', 'run_tests'], `${PLAYED}\ntests node24-2 --shard=2/6 --forge`);
  const [first, second] = readFileSync(join(folder, 'calls'), 'utf8').split('\n');
  expect(first).toContain('test.js --shard=2/6 --forge --retry=1');
  expect(second).toContain('test.js --forge odd.test.ts --retry=1');
  expect(second).toContain('node24-2.twice.json');
});

it('what hangs is ended before the time of all of it is over', () => {
  for (const minutes of [10, 90]) run(['run_tests'], `${PLAYED}\nSECONDS=${minutes * 60}; run_tests report`);
  expect(readFileSync(join(folder, 'limits'), 'utf8')).toBe(
    `--kill-after=30 ${76 * 60}\n--kill-after=30 60\n`,
  );
});

it.each([
  [64.5, 'begun: some a step'],
  [65.5, 'skipped: 66 of 80 minutes have passed, and it may take 15'],
])('after %d minutes a step of 15: %s', (minutes, said) => {
  const words = `step() { echo "begun: $*"; }; SECONDS=${minutes * 60}; step_of 15 some 'a step'`;
  expect(run(['step_of'], words)).toContain(said);
});
