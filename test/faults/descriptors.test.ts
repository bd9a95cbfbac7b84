import { closeSync, mkdtempSync, openSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const PROGRAM = new URL('../../bin/aichor.js', import.meta.url).pathname;

test.runIf(process.platform === 'linux')(
  'the control plane keeps nothing open of the script that called it',
  () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'aichor-descriptors-')));
    const lock = join(folder, 'lock');
    const file = openSync(lock, 'w');
    const env = { PATH: process.env['PATH'], HOME: folder, AICHOR_HOME: join(folder, 'state') };
    const run = (...words: string[]) => {
      const stdio = ['ignore', 'pipe', 'pipe', 'ignore', 'ignore', file] as const;
      const { stdout, status, stderr } = spawnSync(process.execPath, [PROGRAM, ...words], {
        env,
        stdio: [...stdio],
      });
      expect(stderr.toString()).not.toContain('"error"');
      expect(status).toBe(0);
      return JSON.parse(stdout.toString());
    };
    try {
      run('experiments', 'list');
      const { pid } = run('server', 'status');
      const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      expect(open.length).toBeGreaterThan(3);
      expect(open).not.toContain(lock);
    } finally {
      run('server', 'stop');
      closeSync(file);
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
