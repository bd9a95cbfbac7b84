import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/base/io/run.ts';

const env = { PATH: process.env['PATH'], ONLY: 'this' };
const node = process.execPath;

describe('a program that is run', () => {
  it('has the environment, the folder and the input that were given, and no others', async () => {
    const program =
      'process.stdin.pipe(process.stdout); console.error(process.cwd(), process.env.ONLY, process.env.HOME)';
    const result = await run(node, ['-e', program], { env, cwd: tmpdir(), input: 'read this\n' });
    expect(result).toMatchObject({ ok: true, exitCode: 0, stdout: 'read this', trouble: null, why: '' });
    expect(result.stderr).toBe(`${tmpdir()} this undefined`);
  });

  it.each([
    [
      'ends with a code',
      ['-e', 'process.exit(3)'],
      {},
      { exitCode: 3, trouble: null, why: `${node} ended with code 3` },
    ],
    [
      'is killed',
      ['-e', 'process.kill(process.pid, "SIGKILL")'],
      {},
      { exitCode: null, trouble: null, why: `${node} was ended by SIGKILL` },
    ],
    [
      'takes too long',
      ['-e', 'setInterval(() => {}, 1000)'],
      { timeoutMs: 50 },
      { trouble: 'late', why: `${node} took more than 0.05 s` },
    ],
    ['prints too much', ['-e', 'console.log("x".repeat(1000))'], { mostBytes: 100 }, { trouble: 'too_much' }],
    [
      'has no folder',
      ['-e', ''],
      { cwd: '/no/such/folder' },
      { trouble: 'folder_absent', why: 'there is no folder /no/such/folder' },
    ],
  ])('that %s is a result', async (_what, words, options, expected) => {
    expect(await run(node, words, { env, ...options })).toMatchObject({ ok: false, ...expected });
  });

  it("that is not there is a result, and words are never a shell's", async () => {
    expect(await run('no-such-program', ['--secret=x'], { env })).toMatchObject({
      ok: false,
      exitCode: null,
      trouble: 'absent',
      why: 'there is no program no-such-program',
    });
    const words = ['$HOME', '; echo hi', '`id`', '*'];
    const { stdout } = await run(node, ['-p', 'JSON.stringify(process.argv.slice(1))', ...words], { env });
    expect(JSON.parse(stdout)).toEqual(words);
  });

  it('ends when its signal is aborted, whose reason is thrown', async () => {
    const reason = new Error('leave');
    await expect(run(node, ['-e', ''], { env, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const leaving = new AbortController();
    const running = run(node, ['-e', 'setInterval(() => {}, 1000)'], { env, signal: leaving.signal });
    setTimeout(() => leaving.abort(reason), 100);
    await expect(running).rejects.toBe(reason);
  });
});
