/** `experiments exec` and `shell`: the built program, in pipes and on a terminal. */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BIN, documentOf, errorOf, makeProgram, type Program } from './program.ts';
import { hasTmux, openTerminal } from './terminal.ts';

const PATIENCE = { timeout: 60_000, interval: 50 };

let program: Program;
let id = '';
beforeAll(async () => {
  program = makeProgram('inside');
  const hold = join(program.home, 'hold');
  id = (await program.submit('--quiet', '--env', `HOLD=${hold}`, '--env', 'TOKEN=of-the-pod')).stdout.trim();
  // Until its pod has printed something: a log that is followed to there.
  const following = spawn(process.execPath, [BIN, 'experiments', 'logs', id, '--follow', '--step', 'run'], {
    ...{ env: program.env, cwd: program.repo },
  });
  await new Promise((resolve) => following.stdout.once('data', resolve));
  following.kill('SIGKILL');
}, 120_000);
afterAll(async () => {
  await program.aichor(['experiments', 'cancel', id, '--wait']);
  program.close();
});

const exec = (words: readonly string[], stdin?: string) =>
  program.aichor(['experiments', 'exec', id, ...words], stdin === undefined ? {} : { stdin });
const argumentsSeen = () => execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' });

it('passes on streams and exit codes, and takes words as they are', async () => {
  const script = 'echo "$TOKEN $(hostname) $1"; echo wrong >&2; exit 42';
  const seen = await exec(['--', 'sh', '-c', script, 'sh', "a  b'$HOME"]);
  expect(seen).toMatchObject({ code: 42, stdout: "of-the-pod worker-0-0 a  b'$HOME\n", stderr: 'wrong\n' });
  expect(await exec(['worker-0-0', '--', 'sh', '-c', 'kill -TERM $$'])).toMatchObject({ code: 143 });
  expect((await exec(['-i', '--', 'sha256sum'], 'x'.repeat(2_000_000))).stdout).toBe(
    `${execFileSync('sh', ['-c', 'head -c 2000000 /dev/zero | tr "\\0" x | sha256sum'], { encoding: 'utf8' })}`,
  );
  expect(await exec(['--', 'cat'], 'is not passed on')).toMatchObject({ code: 0, stdout: '' });
  expect((await exec(['-t', '--', 'true'])).stderr).toContain('--stdin');
  const shell = await program.aichor(['experiments', 'shell', id], { stdin: 'echo $TOKEN; exit 6\n' });
  expect(shell).toMatchObject({ code: 6, stdout: 'of-the-pod\n' });
});

it('says what is wrong, with a code', async () => {
  const nothing = await exec([]);
  expect([nothing.code, errorOf(nothing).code]).toEqual([2, 'usage']);
  const absent = await exec(['worker-0-1', '--', 'true']);
  expect([absent.code, errorOf(absent).code]).toEqual([5, 'not_found']);
  expect(errorOf(absent).hint).toContain('worker-0-0');
  const ended = (await program.submit('--wait')).stdout;
  const { experiment_id } = JSON.parse(ended.trim().split('\n').at(-1) ?? '');
  const over = await program.aichor(['experiments', 'exec', experiment_id, '--', 'true']);
  expect([over.code, errorOf(over).code]).toEqual([6, 'conflict']);
  expect(errorOf(over).hint).toContain('logs');
});

it('what it ran is in the log of the control plane, without the words of it', async () => {
  await exec(['--', 'sh', '-c', 'true', 'password-of-mine']);
  const log = readFileSync(join(program.home, 'state', 'server.log'), 'utf8');
  expect(log).toMatch(/"pod":"worker-0-0".*"program":"sh","words":4.*a command in a pod was started/);
  expect(log).not.toContain('password-of-mine');
});

it('when it is killed, or nobody reads it any more, nothing is left in the pod', async () => {
  const name = `left-${process.pid}`;
  const words = [
    'experiments',
    'exec',
    id,
    '--',
    'sh',
    '-c',
    `echo on; while :; do sleep 0.2; done; : ${name}`,
  ];
  const child = spawn(process.execPath, [BIN, ...words], { env: program.env, cwd: program.repo });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const inside = () =>
    argumentsSeen()
      .split('\n')
      .filter((line) => line.startsWith('sh') && line.includes(name));
  expect(inside()).not.toEqual([]);
  child.kill('SIGKILL');
  await expect.poll(inside, PATIENCE).toEqual([]);
  const piped = execFileSync(
    'sh',
    ['-c', '"$@" | head -n 1', 'sh', process.execPath, BIN, 'experiments', 'exec', id, '--', 'yes', name],
    {
      env: program.env,
      encoding: 'utf8',
    },
  );
  expect(piped).toBe(`${name}\n`);
  await expect.poll(argumentsSeen, PATIENCE).not.toContain(`yes ${name}`);
});

it.skipIf(!hasTmux)(
  'on a terminal it is one: keys, size, and nothing of it stays',
  { timeout: 120_000 },
  async () => {
    const terminal = openTerminal(program, { width: 90, height: 20 });
    try {
      terminal.type(`aichor experiments shell ${id}; echo "left with $?"`);
      await terminal.shows(/[#$]$/m);
      terminal.type('stty size; echo $TERM; tty | tr / :; echo "$TOKEN"');
      await terminal.shows(/^20 90\n(xterm|screen|tmux)[\w-]*\n:dev:pts:\d+\nof-the-pod$/m);
      await terminal.holds();
      terminal.press('C-c');
      terminal.type('echo code=$?');
      await terminal.shows(/^code=130$/m);
      terminal.type('exit 3');
      await terminal.shows(/^left with 3$/m);
      terminal.type('stty -a | grep -o "^isig icanon"');
      await terminal.shows(/^isig icanon$/m);
      terminal.type(
        `aichor experiments exec ${id} -it -- sh -c 'trap "stty size; exit 8" WINCH; echo armed; while :; do sleep 0.1; done'; echo "left with $?"`,
      );
      await terminal.shows(/^armed$/m);
      terminal.resize(100, 25);
      await terminal.shows(/^25 100\n[\s\S]*left with 8/m);
    } finally {
      terminal.close();
    }
  },
);

/** Last: it ends the control plane. */
it('when the control plane is killed it says so, and nothing is left in the pod', async () => {
  const name = `server-${process.pid}`;
  const running = exec(['--', 'sh', '-c', `echo on; while :; do sleep 0.2; done; : ${name}`]);
  await expect.poll(argumentsSeen, PATIENCE).toMatch(new RegExp(`^sh -c echo on.*${name}`, 'm'));
  const { pid } = documentOf(await program.aichor(['server', 'status']));
  process.kill(pid, 'SIGKILL');
  const seen = await running;
  expect([seen.code, errorOf(seen).code]).toEqual([7, 'server_unreachable']);
  expect(errorOf(seen).hint).toContain('the experiment goes on');
  await expect.poll(argumentsSeen, PATIENCE).not.toMatch(new RegExp(`^sh -c echo on.*${name}`, 'm'));
  expect(await exec(['--', 'echo', 'again'])).toMatchObject({ code: 0, stdout: 'again\n' });
  const leaving = exec(['--', 'sleep', '300']);
  await expect.poll(argumentsSeen, PATIENCE).toMatch(/^sleep 300$/m);
  await program.aichor(['server', 'stop']);
  const left = await leaving;
  expect([left.code, errorOf(left).code]).toEqual([7, 'server_unreachable']);
});
