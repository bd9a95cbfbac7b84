import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeScript } from './program.ts';

const bin = join(import.meta.dirname, '../../bin/aichor.js');
const BYTES = String.raw`printf '\000bin\377\r\n10%%\r20%%\r\nend'`;

let home: string;
let env: NodeJS.ProcessEnv;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'aichor-logs-'));
  env = { PATH: process.env['PATH'], HOME: home, AICHOR_HOME: join(home, 'state') };
});
afterAll(() => {
  execFileSync(process.execPath, [bin, 'server', 'stop'], { env });
  rmSync(home, { recursive: true, force: true });
});

interface Outcome {
  code: number | null;
  stdout: Buffer;
  stderr: string;
}

/** The built program, not on a terminal. `onOutput` sees each piece of stdout as it comes. */
function aichor(args: string[], onOutput: (piece: Buffer) => void = () => undefined): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      env,
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const pieces: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (piece: Buffer) => {
      pieces.push(piece);
      onOutput(piece);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(pieces), stderr }));
  });
}

/** Submits an experiment whose pods run this; its id. */
async function submit(command: string, ...flags: string[]): Promise<string> {
  const repository = writeScript(home, `${command}\n`, 2);
  const { stdout } = await aichor([
    'experiments',
    'submit',
    'local',
    '--repo-dir',
    repository,
    '--quiet',
    ...flags,
  ]);
  return stdout.toString().trim().split('\n').at(-1) ?? '';
}

function linesOf({
  stdout,
}: Outcome): { sequence: number; pod: string | null; step: string; stream: string | null; text: string }[] {
  return stdout
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const errorOf = ({ stderr }: Outcome): { code: string; exit_code: number; hint: string } =>
  JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error;

describe('the logs of an experiment that has ended', () => {
  let id: string;
  beforeAll(async () => {
    id = await submit(
      `echo out $HOSTNAME; echo err >&2; [ $HOSTNAME = worker-0-0 ] && ${BYTES}; exit 0`,
      '--wait',
    );
    const { stdout } = await aichor(['experiments', 'list']);
    id = JSON.parse(stdout.toString()).experiments[0].experiment_id;
  });
  const logs = (...flags: string[]): Promise<Outcome> => aichor(['experiments', 'logs', id, ...flags]);

  test('are those with a text, or until a time', async () => {
    const outs = linesOf(await logs('--grep', 'OUT worker'));
    expect(outs).toEqual([]);
    const found = linesOf(await logs('--grep', 'out worker'));
    expect(found.map(({ text }) => text).toSorted()).toEqual(['out worker-0-0', 'out worker-1-0']);
    const all = linesOf(await logs());
    expect(linesOf(await logs('--until', '2020-01-01'))).toEqual([]);
    expect(linesOf(await logs('--until', '2120-01-01'))).toEqual(all);
    const wrong = await logs('--until', 'soon');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--until')]);
  });

  test('are JSON lines with all keys, counted without gaps', async () => {
    const lines = linesOf(await logs('--step', 'run'));
    expect(lines).toHaveLength(7);
    expect(Object.keys(lines[0] ?? {})).toEqual([
      'sequence',
      'time',
      'step',
      'pod',
      'attempt',
      'stream',
      'text',
      'partial',
    ]);
    const first = lines[0]?.sequence ?? 0;
    expect(lines.map((line) => line.sequence)).toEqual(lines.map((_, index) => first + index));
    expect(lines.filter((line) => line.pod === 'worker-0-0').map((line) => line.text)).toEqual(
      expect.arrayContaining(['out worker-0-0', 'err', '\u0000bin\ufffd', '10%\r20%', 'end']),
    );
  });

  test('can be narrowed', async () => {
    expect(linesOf(await logs('--pod', 'worker-1-0'))).toHaveLength(2);
    expect(linesOf(await logs('--type', 'worker', '--tail', '1'))).toHaveLength(2);
    expect(linesOf(await logs('--since', '1h', '--step', 'run'))).toHaveLength(7);
    expect(linesOf(await logs('--since', '2100-01-01T00:00:00Z'))).toHaveLength(0);
  });

  test('are the exact bytes with --raw', async () => {
    const { stdout, code } = await logs('--raw', '--pod', 'worker-0-0');
    const printed = execFileSync('sh', ['-c', `echo out worker-0-0; ${BYTES}`]);
    const withoutErr = Buffer.from(stdout.toString('latin1').replace('err\n', ''), 'latin1');
    expect(withoutErr.equals(printed)).toBe(true);
    expect(code).toBe(0);
    expect((await logs('--raw', '--pod', 'worker-0-0', '--follow')).stdout.equals(stdout)).toBe(true);
  });

  test('are implied to be those of the latest, and stderr says so', async () => {
    const outcome = await aichor(['experiments', 'logs', '--step', 'run']);
    expect(linesOf(outcome)).toHaveLength(7);
    expect(outcome.stderr).toContain(id);
  });

  test.each<[string[], string, number]>([
    [['--raw'], 'usage', 2],
    [['--raw', '--pod', 'worker-0-0', '--tail', '3'], 'usage', 2],
    [['--tail', '-1'], 'usage', 2],
    [['--attempt', '0'], 'usage', 2],
    [['--step', 'train'], 'usage', 2],
    [['--since', 'some day'], 'usage', 2],
    [['--pod', 'worker-7-0'], 'not_found', 5],
    [['--type', 'master'], 'not_found', 5],
    [['--attempt', '2'], 'not_found', 5],
    [['--attempt', '9', '--pod', 'worker-0-0', '--raw'], 'not_found', 5],
    [['--attempt', '9', '--follow'], 'not_found', 5],
  ])('%j is refused', async (flags, code, exitCode) => {
    const outcome = await logs(...flags);
    expect(outcome.stdout).toHaveLength(0);
    expect(outcome.code).toBe(exitCode);
    expect(errorOf(outcome)).toMatchObject({ code, exit_code: exitCode });
    expect(errorOf(outcome).hint).not.toBeNull();
  });

  test('end quietly when nobody reads on', () => {
    const command = `"$0" "$1" experiments logs ${id} --follow | head -1; exit 0`;
    const script = [
      '-c',
      `set -o pipefail; ${command.replace('; exit 0', '')}; echo "code $?"`,
      process.execPath,
      bin,
    ];
    const output = execFileSync('bash', script, { env, encoding: 'utf8' });
    expect(output.trim().split('\n')).toHaveLength(2);
    expect(output).toContain('code 0');
  });
});

describe('following', () => {
  test('is the same for two, goes on over a killed server, and ends with the experiment', async () => {
    const id = await submit('for i in $(seq 1 150); do echo line $i; sleep 0.02; done');
    const kill = async (): Promise<void> => {
      const { stdout } = await aichor(['server', 'status']);
      process.kill(JSON.parse(stdout.toString()).pid, 'SIGKILL');
    };
    let killed: Promise<void> | null = null;
    const [one, other] = await Promise.all([
      aichor(['experiments', 'logs', id, '--follow'], (piece) => {
        if (piece.includes('line 10"')) killed ??= kill();
      }),
      aichor(['experiments', 'logs', id, '--follow']),
    ]);
    await killed;
    expect(killed).not.toBeNull();
    expect([one.code, other.code]).toEqual([0, 0]);
    expect(other.stdout.equals(one.stdout)).toBe(true);
    const texts = linesOf(one)
      .filter((line) => line.pod === 'worker-0-0')
      .map((line) => line.text);
    expect(texts).toEqual(Array.from({ length: 150 }, (_, index) => `line ${index + 1}`));
    expect(one.stderr).toContain('the connection was lost');
  });

  test('ends with 8 when the experiment failed: lines on stdout, the reason on stderr', async () => {
    const id = await submit('echo last words; exit 3');
    const outcome = await aichor(['experiments', 'logs', id, '--follow', '--step', 'run']);
    expect(linesOf(outcome).map((line) => line.text)).toContain('last words');
    expect(outcome.code).toBe(8);
    expect(errorOf(outcome)).toMatchObject({ code: 'experiment_failed', exit_code: 8 });
  });
});

test('the list has what an experiment was run again as, and what was there before', async () => {
  await submit('true', '--wait');
  const { experiments } = JSON.parse((await aichor(['experiments', 'list'])).stdout.toString());
  const id: string = experiments[0].experiment_id;
  const list = async (...flags: string[]) => {
    const { stdout, stderr } = await aichor(['experiments', 'list', ...flags]);
    expect(stderr).toBe('');
    return JSON.parse(stdout.toString()).experiments.map(
      (each: { experiment_id: string }) => each.experiment_id,
    );
  };
  expect(await list('--until', '2020-01-01')).toEqual([]);
  expect(await list('--until', '2120-01-01')).toContain(id);
  expect(await list('--resubmit-of', id.slice(0, 8))).toEqual([]);
  const made = JSON.parse((await aichor(['experiments', 'resubmit', id, '--wait'])).stdout.toString());
  expect(await list('--resubmit-of', id.slice(0, 8))).toEqual([made.experiment_id]);
});
