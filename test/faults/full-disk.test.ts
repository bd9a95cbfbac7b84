/**
 * A full disk: what runs is told, ended and deleted with the program alone, and the control plane lives through it,
 * whether it runs when the disk fills up or is started then.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

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
  execFileSync('umount', [join(home, 'disk')]);
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
  const repository = mkdtempSync(join(home, 'repository-'));
  writeFileSync(join(repository, 'run.sh'), script);
  writeFileSync(join(repository, 'Dockerfile'), 'FROM python:3.12-slim\nCOPY . .\n');
  writeFileSync(
    join(repository, 'manifest.yaml'),
    [
      'kind: AIchorManifest',
      'apiVersion: "0.2.3"',
      'builder: {image: x, dockerfile: ./Dockerfile, context: .}',
      'spec:',
      '  operator: jobset',
      '  image: x',
      '  command: sh run.sh',
      '  types:',
      '    worker: {count: 1, resources: {cpus: 1, ramRatio: 1}}',
      '',
    ].join('\n'),
  );
  return aichor('experiments', 'submit', 'local', '--repo-dir', repository, '--quiet', '--message', 'x')
    .document;
}

function bytesFree(): number {
  const row = execFileSync('df', ['--output=avail', '-B1', join(home, 'disk')], { encoding: 'utf8' });
  return Number(row.trim().split('\n').at(-1));
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
