/** `experiments copy`: out of a pod that runs, and into it. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasTmux, openTerminal } from './terminal.ts';
import { BIN, documentOf, errorOf, makeProgram, type Program } from './program.ts';

let program: Program;
let id = '';
beforeAll(async () => {
  program = makeProgram('copy');
  id = (await program.submit('--quiet', '--env', `HOLD=${join(program.home, 'hold')}`)).stdout.trim();
  const following = spawn(process.execPath, [BIN, 'experiments', 'logs', id, '--follow', '--step', 'run'], {
    env: program.env,
    cwd: program.repo,
  });
  await new Promise((resolve) => following.stdout.once('data', resolve));
  following.kill('SIGKILL');
}, 120_000);
afterAll(async () => {
  await program.aichor(['experiments', 'cancel', id, '--wait']);
  program.close();
});

const copy = (...words: string[]) => program.aichor(['experiments', 'copy', ...words]);
const inPod = async (script: string) =>
  (await program.aichor(['experiments', 'exec', id, '--', 'sh', '-c', script])).stdout;
const here = (...path: string[]) => join(program.home, ...path);

it('brings files and folders, with modes and links, as a whole', async () => {
  await inPod(
    'mkdir -p out/sub; head -c 3000000 /dev/urandom >out/sub/big; printf x >out/run; chmod 755 out/run; ln -s sub/big out/to; ln -s /etc/passwd out/away; ln -s out/run newest; mkfifo out/pipe',
  );
  const file = documentOf(await copy(`${id}:worker-0-0:out/sub/big`, here('big')));
  expect(file).toMatchObject({
    experiment_id: id,
    pod: 'worker-0-0',
    bytes: 3_000_000,
    destination: here('big'),
  });
  const sum = createHash('sha256')
    .update(readFileSync(here('big')))
    .digest('hex');
  expect((await inPod('sha256sum out/sub/big')).slice(0, 64)).toBe(sum);
  const folder = await copy(`${id}::out`, here('got'));
  expect(documentOf({ ...folder, code: 0 })).toMatchObject({
    left_out: expect.arrayContaining(['away', 'pipe']),
  });
  expect(readdirSync(here('got')).sort()).toEqual(['run', 'sub', 'to']);
  expect(statSync(here('got/run')).mode & 0o777).toBe(0o755);
  expect(readlinkSync(here('got/to'))).toBe('sub/big');
  mkdirSync(here('into'));
  await copy(`${id}::newest`, here('into'));
  expect(readFileSync(here('into/newest'), 'utf8')).toBe('x');
  expect(statSync(here('into/newest')).mode & 0o777).toBe(0o755);
});

it('brings a file with the longest name that there is, and takes the place of one', async () => {
  const name = 'n'.repeat(255);
  await inPod(`printf one >${name}`);
  expect(documentOf(await copy(`${id}::${name}`, here(name)))).toMatchObject({ bytes: 3 });
  await inPod(`printf two >${name}`);
  await copy(`${id}::${name}`, here(name), '--force');
  expect(readFileSync(here(name), 'utf8')).toBe('two');
});

it('puts files and folders into the pod', async () => {
  mkdirSync(here('tree/deep'), { recursive: true });
  writeFileSync(here('tree/deep/-x'), 'deep', { mode: 0o640 });
  symlinkSync('deep/-x', here('tree/link'));
  expect(await copy(here('tree'), `${id}::put`)).toMatchObject({ code: 0 });
  expect(await inPod('cat put/link; ls -A; readlink put/link; stat -c %a put/deep/-x')).toMatch(
    /^deep(?![\s\S]*aichor-copy)[\s\S]*deep\/-x\n640\n$/,
  );
  expect(await copy(here('tree/deep/-x'), `${id}:worker-0-0:put/deep/other`)).toMatchObject({ code: 0 });
  expect(await inPod('cat put/deep/other')).toBe('deep');
});

it.skipIf(!hasTmux)('shows on a terminal how much there is, in both directions', async () => {
  // They would take hours.
  await inPod('truncate -s 2000000000000 vast');
  closeSync(openSync(here('vast'), 'w'));
  truncateSync(here('vast'), 3_000_000_000_000);
  const terminal = openTerminal(program);
  try {
    for (const [from, to, total] of [
      [`${id}::vast`, here('fetched'), / of 2\.0 TB copied/],
      [here('vast'), `${id}::sent`, / of 3\.0 TB copied/],
    ] as const) {
      terminal.type(`clear; aichor experiments copy ${from} ${to}`);
      await terminal.shows(total);
      terminal.press('C-c');
      await terminal.shows(/error\[interrupted\]/);
    }
  } finally {
    terminal.close();
  }
  // What has come by then is removed; of a large part that takes a moment.
  await expect.poll(() => inPod('ls -A'), { timeout: 30_000 }).not.toMatch(/sent|aichor-copy/);
}, 300_000); // prettier-ignore

it('Ctrl-C ends it there and here, and leaves nothing half copied', async () => {
  // It would take hours.
  closeSync(openSync(here('endless'), 'w'));
  truncateSync(here('endless'), 2 ** 42);
  const copying = spawn(process.execPath, [BIN, 'experiments', 'copy', here('endless'), `${id}::endless`], {
    env: program.env,
    cwd: program.repo,
  });
  const ended = once(copying, 'close');
  let said = '';
  copying.stderr.on('data', (text) => (said += text));
  const parts = () => inPod('ls -A | grep -c aichor-copy');
  await expect.poll(parts, { timeout: 30_000 }).toBe('1\n');
  copying.kill('SIGINT');
  expect((await ended)[0]).toBe(130);
  expect(JSON.parse(said).error.code).toBe('interrupted');
  await expect.poll(parts, { timeout: 30_000 }).toBe('0\n');
  expect(await inPod('ls -A')).not.toContain('endless');
}, 100_000); // prettier-ignore

it('nothing that is there is lost, and what is wrong is told with a code', async () => {
  writeFileSync(here('mine'), 'mine');
  const there = await copy(`${id}::main.sh`, here('mine'));
  expect([there.code, errorOf(there).code]).toEqual([6, 'conflict']);
  expect(readFileSync(here('mine'), 'utf8')).toBe('mine');
  expect(await copy(`${id}::main.sh`, here('mine'), '--force')).toMatchObject({ code: 0 });
  expect(readFileSync(here('mine'), 'utf8')).toContain('HOLD');
  await inPod('mkfifo queue');
  const pipe = await copy(`${id}::queue`, here('mine'), '--force');
  expect([pipe.code, errorOf(pipe).code]).toEqual([5, 'not_found']);
  expect(readFileSync(here('mine'), 'utf8')).toContain('HOLD');
  mkdirSync(here('folder'));
  writeFileSync(here('folder/old'), 'old');
  await inPod('mkdir -p fresh/folder; printf new >fresh/folder/new');
  expect(await copy(`${id}::fresh/folder`, program.home, '--force')).toMatchObject({ code: 0 });
  expect(readdirSync(here('folder'))).toEqual(['new']);
  const over = await copy(here('mine'), `${id}::main.sh`);
  expect([over.code, errorOf(over).code]).toEqual([6, 'conflict']);
  const absent = await copy(`${id}::nothing`, here('nothing'));
  expect([absent.code, errorOf(absent).code]).toEqual([5, 'not_found']);
  const usage = await copy('a', 'b');
  expect([usage.code, errorOf(usage).code]).toEqual([2, 'usage']);
  const left = await copy(`${id}::main.sh`, here('no/such/folder'));
  expect([left.code, errorOf(left).code]).toEqual([5, 'not_found']);
  expect(readdirSync(program.home).filter((name) => /\.(part|before)-/.test(name))).toEqual([]);
});
