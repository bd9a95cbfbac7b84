/**
 * A full disk: what runs is told, ended and deleted with the program alone, and the control plane lives through it,
 * whether it runs when the disk fills up or is started then.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeScript } from '../cli/program.ts';

const bin = join(import.meta.dirname, '../../bin/aichor.js');
const PATIENCE = { timeout: 60_000, interval: 200 };

/** A disk of its own needs the right to mount one. */
const canMount = (() => {
  const folder = mkdtempSync(join(tmpdir(), 'aichor-mount-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
  if (status === 0) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return status === 0;
})();

let home: string;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'aichor-full-disk-'));
  mkdirSync(join(home, 'disk'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100m', 'tmpfs', join(home, 'disk')]);
  env = { PATH: process.env['PATH'], HOME: home, AICHOR_HOME: join(home, 'disk', 'state') };
});
afterEach(() => {
  aichor('server', 'stop');
  // The server may still be leaving.
  execFileSync('umount', ['-l', join(home, 'disk')]);
  rmSync(home, { recursive: true, force: true });
});

function aichor(...args: string[]): {
  code: number | null;
  document: ReturnType<typeof JSON.parse>;
  stderr: string;
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    env,
    cwd: home,
    encoding: 'utf8',
  });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  return { code: status, document: line.startsWith('{') ? JSON.parse(line) : line, stderr };
}

function submit(script: string): string {
  const repository = writeScript(home, script, 1);
  return aichor('experiments', 'submit', 'local', '--repo-dir', repository, '--quiet', '--message', 'x')
    .document;
}

function bytesFree(): number {
  const row = execFileSync('df', ['--output=avail', '-B1', join(home, 'disk')], { encoding: 'utf8' });
  return Number(row.trim().split('\n').at(-1));
}

/** Somebody else, who takes all the room there is, and all that is given back. Returns how it is ended. */
function takeAllRoom(): () => void {
  const stray = join(home, 'disk', 'stray');
  const script = 'while :; do head -c 200000000 /dev/zero >>"$1" 2>/dev/null; sleep 0.02; done';
  const child = spawn('sh', ['-c', script, 'sh', stray], { detached: true, stdio: 'ignore' });
  return () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    rmSync(stray, { force: true });
  };
}

const FILLERS: [string, string][] = [
  ['a log', 'yes 0123456789'],
  [
    'a log that goes on when the disk is full',
    'trap "" PIPE; while :; do yes 0123456789 2>/dev/null || sleep 0.1; done',
  ],
  ['an output', 'head -c 900000000 /dev/zero > "$AICHOR_OUTPUT_PATH/out"; exit 1'],
];

describe.runIf(canMount)('a disk that is filled by', () => {
  test.each(
    FILLERS.flatMap(([what, script]) => [
      [what, 'runs on', script],
      [what, 'is killed', script],
    ]),
  )(
    '%s, while the server %s, is freed with the program alone',
    { timeout: 180_000 },
    async (_what, server, script) => {
      const id = submit(script as string);
      await expect.poll(bytesFree, PATIENCE).toBeLessThan(100_000);
      const { pid } = aichor('server', 'status').document;
      if (server === 'is killed') process.kill(pid, 'SIGKILL');
      const listed = aichor('experiments', 'list');
      expect(listed).toMatchObject({ code: 0, document: { experiments: [{ experiment_id: id }] } });
      expect(aichor('experiments', 'get', id).code).toBe(0);
      expect(aichor('experiments', 'logs', id, '--tail', '1').code).toBe(0);
      // It may have ended for itself by now.
      expect([0, 6]).toContain(aichor('experiments', 'cancel', id, '--wait').code);
      const ended = aichor('experiments', 'get', id).document;
      expect(['Failed', 'Cancelled']).toContain(ended.status);
      expect(aichor('experiments', 'delete', id, '--outputs')).toMatchObject({ code: 0 });
      expect(bytesFree()).toBeGreaterThan(80_000_000);
      const after = aichor('server', 'status').document;
      expect(after).toMatchObject({ running: true, live_experiments: 0 });
      if (server === 'runs on') expect(after.pid).toBe(pid);
      const next = submit('echo goes on');
      expect(aichor('experiments', 'wait', next)).toMatchObject({ code: 0 });
      expect(readFileSync(join(home, 'disk', 'state', 'server.log'), 'utf8')).not.toContain('"level":60');
    },
  );
});

describe.runIf(canMount)('a disk that somebody else keeps full', () => {
  const gate = () => join(home, 'gate');
  /** Ends with 7 when the gate is there. */
  const waits = () => `echo begun; until [ -e ${gate()} ]; do sleep 0.1; done; exit 7`;
  const reserve = () => join(home, 'disk', 'state', 'reserve');

  test('lets experiments be ended and deleted, and loses no exit code', { timeout: 180_000 }, async () => {
    const over = submit('echo over');
    expect(aichor('experiments', 'wait', over)).toMatchObject({ code: 0 });
    const [ends, cancelled] = [submit(waits()), submit(waits())];
    for (const id of [ends, cancelled])
      await expect.poll(() => aichor('experiments', 'get', id).document.status, PATIENCE).toBe('Running');
    const freed = takeAllRoom();
    try {
      await expect.poll(bytesFree, PATIENCE).toBe(0);
      // What was kept is used up, as after some weeks of this.
      for (const piece of existsSync(reserve()) ? readdirSync(reserve()) : []) rmSync(join(reserve(), piece));
      await expect.poll(bytesFree, PATIENCE).toBe(0);
      expect(aichor('experiments', 'cancel', cancelled, '--wait')).toMatchObject({ code: 0 });
      expect(aichor('experiments', 'get', cancelled).document.status).toBe('Cancelled');
      expect(aichor('experiments', 'delete', over)).toMatchObject({ code: 0 });
      const notice = { code: 'disk_full', message: expect.stringContaining('prune --outputs') };
      await expect
        .poll(() => aichor('experiments', 'get', ends).document.notices, PATIENCE)
        .toContainEqual(notice);
      writeFileSync(gate(), '');
      await expect
        .poll(() => aichor('experiments', 'get', ends).document, PATIENCE)
        .toMatchObject({ status: 'Failed', pods: [{ status: 'Failed', exit_code: 7 }] });
      // What ends gives some bytes back, which are taken again.
      await expect.poll(bytesFree, PATIENCE).toBe(0);
    } finally {
      freed();
    }
  });

  test('lets pods run on over a death of the server, and tells their end', { timeout: 180_000 }, async () => {
    const id = submit(waits());
    await expect.poll(() => aichor('experiments', 'get', id).document.status, PATIENCE).toBe('Running');
    const { pid } = aichor('server', 'status').document;
    const freed = takeAllRoom();
    try {
      await expect.poll(bytesFree, PATIENCE).toBe(0);
      process.kill(pid, 'SIGKILL');
      await expect
        .poll(() => aichor('experiments', 'get', id).document.notices, PATIENCE)
        .toContainEqual({ code: 'disk_full', message: expect.stringContaining('prune --outputs') });
      expect(aichor('experiments', 'get', id).document).toMatchObject({ status: 'Running', attempt: 1 });
      writeFileSync(gate(), '');
      await expect
        .poll(() => aichor('experiments', 'get', id).document, PATIENCE)
        .toMatchObject({ status: 'Failed', pods: [{ status: 'Failed', exit_code: 7 }] });
    } finally {
      freed();
    }
  });
});

test.skipIf(!canMount)(
  'what is downloaded to a disk that is full is told so, and goes on when there is room',
  () => {
    env['AICHOR_HOME'] = join(home, 'state');
    const stray = join(home, 'disk', 'stray');
    const inputs = join(home, 'state', 'inputs', 'default');
    mkdirSync(inputs, { recursive: true });
    // Of each way to come: packed with others, by itself, and in pieces that are kept.
    const sizes = { small: 100_000, middle: 3_000_000, large: 60_000_000 };
    for (const [name, bytes] of Object.entries(sizes)) {
      writeFileSync(join(inputs, name), Buffer.alloc(bytes, name));
      execFileSync('sh', ['-c', 'head -c 200000000 /dev/zero >"$1" 2>/dev/null; true', 'sh', stray]);
      const to = join(home, 'disk', 'got');
      const full = aichor('storage', 'download', '--inputs', name, '--to', to);
      expect(full.code, full.stderr).toBe(2);
      expect(JSON.parse(full.stderr.trim().split('\n').at(-1) ?? '').error.message).toBe(
        `the disk that holds ${join(to, name)} is full (ENOSPC)`,
      );
      expect(existsSync(join(to, name))).toBe(false);
      rmSync(stray);
      expect(aichor('storage', 'download', '--inputs', name, '--to', to).code).toBe(0);
      expect(readFileSync(join(to, name)).equals(readFileSync(join(inputs, name)))).toBe(true);
      rmSync(to, { recursive: true });
    }
  },
);
