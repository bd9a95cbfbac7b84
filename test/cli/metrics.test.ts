import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const bin = join(import.meta.dirname, '../../bin/aichor.js');
const COMMAND = `for step in 1 2 3; do
      echo "{\\"step\\": $step, \\"loss\\": 0.$((LR - step)), \\"total_steps\\": 3}" >> "$AICHOR_OUTPUT_PATH/metrics.jsonl"
    done
    echo '{"metric": {"odd": NaN, "step": 1}}'`;
const MANIFEST = `kind: AIchorManifest
apiVersion: "0.2.3"
builder: {image: x, dockerfile: ./Dockerfile, context: .}
spec:
  operator: jobset
  image: x
  command: |
    ${COMMAND}
  types: {worker: {count: 1, resources: {cpus: 1, ramRatio: 1}}}
`;

let home: string;
let env: NodeJS.ProcessEnv;
const ids: string[] = [];

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'aichor-metrics-'));
  env = { PATH: process.env['PATH'], HOME: home, AICHOR_HOME: join(home, 'state') };
  const repository = join(home, 'repository');
  mkdirSync(repository);
  writeFileSync(join(repository, 'manifest.yaml'), MANIFEST);
  writeFileSync(join(repository, 'Dockerfile'), 'FROM python:3.12-slim\nCOPY . .\n');
  for (const rate of ['9', '5']) {
    const submit = [
      'experiments',
      'submit',
      'local',
      '--repo-dir',
      repository,
      '--env',
      `LR=${rate}`,
      '--wait',
    ];
    ids.push(documentOf(...submit).experiment_id);
  }
}, 60_000);
afterAll(() => {
  execFileSync(process.execPath, [bin, 'server', 'stop'], { env });
  rmSync(home, { recursive: true, force: true });
});

function aichor(...args: string[]) {
  return spawnSync(process.execPath, [bin, ...args], { env, cwd: home, encoding: 'utf8' });
}

function documentOf(...args: string[]) {
  const { stdout, stderr } = aichor(...args);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

test('the record has metrics and progress, and `metrics` prints them', () => {
  const id = ids[0] ?? '';
  const loss = { last: 0.6, step: 3, min: 0.6, max: 0.8, time: expect.any(String) };
  const odd = { last: 'NaN', step: 1, min: null, max: null, time: expect.any(String) };
  const progress = { step: 3, total_steps: 3 };
  expect(documentOf('experiments', 'get', id)).toMatchObject({ metrics: { loss, odd }, progress });
  expect(documentOf('experiments', 'metrics', id, '--name', 'loss')).toEqual({
    experiment_id: id,
    metrics: { loss },
    progress,
  });
  expect(documentOf('experiments', 'metrics', id, '--name', 'loss', '--series')).toEqual({
    name: 'loss',
    series: [1, 2, 3].map((step) => [step, expect.any(Number), (9 - step) / 10, 1]),
  });
});

test('lists are in the order of a metric', () => {
  const listed = (sort: string) =>
    documentOf('experiments', 'list', '--columns', 'id,metric.loss', '--sort', sort).experiments.map(
      (one: { experiment_id: string }) => one.experiment_id,
    );
  expect(listed('metric.loss')).toEqual([ids[1], ids[0]]);
  expect(listed('-metric.loss')).toEqual(ids);
  const { stdout } = aichor(
    'experiments',
    'list',
    '--output',
    'table',
    '--columns',
    'id,metric.loss',
    '--sort',
    '-metric.loss',
  );
  expect(stdout).toMatch(/loss\s*\n.*0\.6\s*\n.*0\.2/);
});

test('they are drawn as text and as SVG, and followed to the end', () => {
  const id = ids[0] ?? '';
  const plot = aichor('experiments', 'metrics', id, '--plot', '--name', 'loss', '--name', 'odd');
  expect(plot.stdout).toMatch(/loss {2}0\.6\n0\.8 ┤[\u2800-\u28ff ]+\n/);
  expect(plot.stdout).toContain('odd  NaN\n(no numbers)');
  aichor('experiments', 'metrics', id, '--svg', 'a.svg');
  expect(readFileSync(join(home, 'a.svg'), 'utf8')).toMatch(/^<svg [^]*<path d="M80 34L[^]*<\/svg>\n$/);
  const followed = aichor('experiments', 'metrics', id, '--follow', '--name', 'loss');
  expect(JSON.parse(followed.stdout)).toMatchObject({ name: 'loss', last: 0.6, step: 3 });
});

test('a name that there is not is an error that says which there are', () => {
  for (const more of [[], ['--series']]) {
    const { status, stdout, stderr } = aichor(
      'experiments',
      'metrics',
      ids[0] ?? '',
      '--name',
      'los',
      ...more,
    );
    expect([status, stdout]).toEqual([5, '']);
    expect(JSON.parse(stderr).error.hint).toContain('loss');
  }
});
