import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PATTERNS } from '../../src/scaffold/answers/choices.ts';
import { BIN, makeProgram, type Program } from './program.ts';

/** The two ways in which a scaffolded jobset waits for its pods: processes with the variables that both engines give them. */

let program: Program;
beforeAll(() => {
  program = makeProgram('peers');
  for (const pattern of PATTERNS) scaffold(pattern);
}, 60_000);
afterAll(() => program.close());

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function scaffold(pattern: string): void {
  const words = [BIN, 'local-repo', 'init', '--name', pattern, '--operator', 'jobset', '--pattern', pattern];
  // Without uv: nothing has to be locked.
  const env = { ...program.env, PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(':') };
  const { status, stderr } = spawnSync(process.execPath, words, { cwd: program.home, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

interface Ended {
  code: number | null;
  said: string;
}

/** One pod that waits for the others, and ends when it may go. */
function pod(pattern: string, name: string, { patience = 60, run = 'run-1' } = {}): Promise<Ended> {
  const [role = '', index = ''] = name.split('-');
  const module = pattern.replaceAll('-', '_');
  const call = pattern === 'coordinator' ? 'meet' : 'wait_for_all';
  const manifest = readFileSync(join(program.home, pattern, 'aichor_manifests/manifest.yaml'), 'utf8');
  const child = spawn('python3', ['-u', '-c', `from ${module}.peers import ${call}; ${call}()`], {
    cwd: join(program.home, pattern),
    env: {
      PATH: process.env['PATH'],
      PYTHONPATH: 'src',
      PEERS: /PEERS: "(.*)"/.exec(manifest)?.[1],
      PEERS_PATIENCE_S: String(patience),
      JOBSET_NAME: `${pattern}-${process.pid}-${run}`,
      REPLICATED_JOB_NAME: role,
      JOB_INDEX: index,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let said = '';
  child.stdout.on('data', (text) => (said += text));
  child.stderr.on('data', (text) => (said += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, said })));
}

const PODS = {
  'wait-for-all': ['worker-0', 'worker-1', 'worker-2'],
  coordinator: ['coordinator-0', 'worker-0', 'worker-1'],
};

describe.each(PATTERNS)('%s', (pattern) => {
  // Each pod comes late once: the first (which coordinates) and the last.
  test.each([0, 2])('waits for pod %i, which comes late', async (late) => {
    const run = `late-${late}`;
    const names = PODS[pattern];
    const early = names.filter((_name, index) => index !== late).map((name) => pod(pattern, name, { run }));
    // Others that are complete have met and gone meanwhile.
    const complete = await Promise.all(names.map((name) => pod(pattern, name, { run: `complete-${late}` })));
    expect(complete.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await Promise.race([...early, 'waits'])).toBe('waits');
    const all = await Promise.all([...early, pod(pattern, names[late] ?? '', { run })]);
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
  });

  test('gives up on a pod that never comes, and names it', async () => {
    const [first = '', second = '', absent = ''] = PODS[pattern];
    const asked = { patience: 1.5, run: 'absent' };
    const ended = await Promise.all([pod(pattern, first, asked), pod(pattern, second, asked)]);
    expect(ended.map(({ code }) => code)).toEqual([1, 1]);
    expect(ended[0]?.said).toContain(`${first}-0: no`);
    expect(ended[0]?.said).toContain(`${absent}-0 after 1.5 s`);
  });
});

test('a worker whose coordinator never comes ends, too', async () => {
  const { code, said } = await pod('coordinator', 'worker-1', { patience: 1, run: 'alone' });
  expect({ code, said }).toEqual({ code: 1, said: 'worker-1-0: no word of coordinator-0-0 after 1 s\n' });
});

test.each(PATTERNS)('%s runs on the embedded engine as it is', async (pattern) => {
  const words = ['experiments', 'submit', 'local', join(program.home, pattern), '--wait', '--env', 'STEPS=5'];
  const { code, stdout, stderr } = await program.aichor([...words, '--python-env', pythonHere()]);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const record = JSON.parse(stdout);
  expect(record).toMatchObject({ status: 'Succeeded', operator: 'jobset' });
  expect(record.pods).toHaveLength(3);
});

/** The interpreter of PATH: what is waited for needs no packages. */
function pythonHere(): string {
  return spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
  }).stdout.trim();
}
