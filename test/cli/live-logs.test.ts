/** Lines that stay open (progress bars) while they are followed: on a terminal, as JSON, as raw bytes. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeScript } from './program.ts';
import { hasTmux } from './terminal.ts';

const bin = join(import.meta.dirname, '../../bin/aichor.js');
const PATIENCE = { timeout: 30_000 };

/** Two pods with a bar each, which go on when a file is there. */
const BARS = `
printf 'starting\\n'
printf '\\r  0%%|     | %s' "$HOSTNAME"
until [ -e "$AICHOR_OUTPUT_PATH/go-on" ]; do sleep 0.05; done
printf '\\r 50%%|##   | %s' "$HOSTNAME"
until [ -e "$AICHOR_OUTPUT_PATH/end" ]; do sleep 0.05; done
printf '\\r100%%|#####| %s\\n' "$HOSTNAME"
echo done
`;

let home: string;
let env: NodeJS.ProcessEnv;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'aichor-live-'));
  env = { PATH: process.env['PATH'], HOME: home, AICHOR_HOME: join(home, 'state') };
});
afterAll(() => {
  execFileSync(process.execPath, [bin, 'server', 'stop'], { env });
  rmSync(home, { recursive: true, force: true });
});

function aichor(...args: string[]): string {
  return execFileSync(process.execPath, [bin, ...args], { env, cwd: home, encoding: 'utf8', stdio: 'pipe' });
}

/** An experiment of two pods that run this script; its id, and what lets it go on. */
function submit(script: string): { id: string; say(word: string): void } {
  const repository = writeScript(home, script, 2);
  const id = aichor(
    'experiments',
    'submit',
    'local',
    '--repo-dir',
    repository,
    '--quiet',
    '--message',
    'x',
  ).trim();
  const { paths } = JSON.parse(aichor('experiments', 'get', id));
  return { id, say: (word) => writeFileSync(join(paths.output, word), '') };
}

/** A follower in a pipe: what it has printed so far. */
function follow(...args: string[]): { printed(): string; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [bin, 'experiments', 'logs', ...args, '--follow'], {
    env,
    cwd: home,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return { printed: () => text, ended: new Promise((resolve) => child.on('close', resolve)) };
}

describe('in a pipe', () => {
  test('open lines are JSON lines that are partial, and are kept once', async () => {
    const { id, say } = submit(BARS);
    const follower = follow(id, '--step', 'run');
    const raw = follow(id, '--raw', '--pod', 'worker-1-0');
    const texts = (): string[] =>
      follower
        .printed()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
        .filter(({ pod }) => pod === 'worker-1-0')
        .map(({ text, partial }) => (partial ? `… ${text}` : text));
    await expect.poll(texts, PATIENCE).toEqual(['starting', '…   0%|     | worker-1-0']);
    await expect.poll(raw.printed, PATIENCE).toBe('starting\n\r  0%|     | worker-1-0');
    say('go-on');
    await expect.poll(texts, PATIENCE).toContain('…  50%|##   | worker-1-0');
    await expect.poll(raw.printed, PATIENCE).toContain(' 50%|##   | worker-1-0');
    say('end');
    expect(await Promise.all([follower.ended, raw.ended])).toEqual([0, 0]);
    const whole = '\r  0%|     | worker-1-0\r 50%|##   | worker-1-0\r100%|#####| worker-1-0';
    expect(texts().slice(-2)).toEqual([whole, 'done']);
    expect(raw.printed()).toBe(`starting\n${whole}\ndone\n`);
    const kept = aichor('experiments', 'logs', id, '--pod', 'worker-1-0').split('\n').slice(0, -1);
    expect(kept.map((line) => JSON.parse(line)).map(({ text, partial }) => [text, partial])).toEqual([
      ['starting', false],
      [whole, false],
      ['done', false],
    ]);
  });
});

describe.runIf(hasTmux)('on a terminal', () => {
  /** One that is being ended must not be taken for the next: each has a socket of its own. */
  let terminals = 0;
  const tmux = (...args: string[]) =>
    execFileSync('tmux', ['-S', join(home, `tmux-${terminals}.sock`), ...args], { encoding: 'utf8' });
  const rows = () =>
    tmux('capture-pane', '-p', '-t', 'live')
      .split('\n')
      .map((row) => row.trimEnd())
      .filter((row) => /^(worker-\d-0 [|!]|ended)/.test(row))
      .map((row) => row.replaceAll(/ +/g, ' '));

  /** Runs the program on a terminal of its own. */
  function run(command: string): void {
    terminals++;
    const variables = ['PATH', 'HOME', 'AICHOR_HOME'].flatMap((name) => ['-e', `${name}=${env[name]}`]);
    const script = `${process.execPath} ${bin} ${command}; echo "ended with $?"; exec sh`;
    tmux(
      'new-session',
      '-d',
      '-s',
      'live',
      '-x',
      '60',
      '-y',
      '20',
      ...variables,
      `env -u CI -u NO_COLOR TERM=screen sh -c '${script}'`,
    );
  }

  test('each pod has a bar that moves where it is, below the lines, and is gone at the end', async () => {
    const { id, say } = submit(BARS);
    run(`experiments logs ${id} --follow --step run`);
    try {
      const sorted = () => [...rows()].sort();
      await expect
        .poll(sorted, PATIENCE)
        .toEqual([
          'worker-0-0 | 0%| | worker-0-0',
          'worker-0-0 | starting',
          'worker-1-0 | 0%| | worker-1-0',
          'worker-1-0 | starting',
        ]);
      say('go-on');
      await expect
        .poll(sorted, PATIENCE)
        .toEqual([
          'worker-0-0 | 50%|## | worker-0-0',
          'worker-0-0 | starting',
          'worker-1-0 | 50%|## | worker-1-0',
          'worker-1-0 | starting',
        ]);
      expect(
        rows()
          .slice(0, 2)
          .every((row) => row.endsWith('starting')),
      ).toBe(true);
      say('end');
      await expect
        .poll(sorted, PATIENCE)
        .toEqual([
          'ended with 0',
          'worker-0-0 | 100%|#####| worker-0-0',
          'worker-0-0 | done',
          'worker-0-0 | starting',
          'worker-1-0 | 100%|#####| worker-1-0',
          'worker-1-0 | done',
          'worker-1-0 | starting',
        ]);
    } finally {
      tmux('kill-server');
    }
  });

  test('submit --follow shows them below its line of progress', async () => {
    const repository = writeScript(home, BARS, 2);
    run(`experiments submit local --repo-dir ${repository} --follow --message x`);
    try {
      const screen = () => tmux('capture-pane', '-p', '-t', 'live');
      await expect.poll(screen, PATIENCE).toMatch(/running [^\n]*\nworker-\d-0 \| {3}0%/);
      await expect.poll(() => screen().match(/worker-\d-0 \| {3}0%/g)?.length, PATIENCE).toBe(2);
      const { experiment_id, paths } = JSON.parse(aichor('experiments', 'get', 'latest'));
      writeFileSync(join(paths.output, 'go-on'), '');
      await expect.poll(() => screen().match(/worker-\d-0 \| {2}50%/g)?.length, PATIENCE).toBe(2);
      expect(screen()).not.toContain('  0%|');
      writeFileSync(join(paths.output, 'end'), '');
      await expect.poll(screen, PATIENCE).toContain('ended with 0');
      expect(screen()).not.toContain('50%|');
      expect(JSON.parse(aichor('experiments', 'get', experiment_id)).status).toBe('Succeeded');
    } finally {
      tmux('kill-server');
    }
  });
});
