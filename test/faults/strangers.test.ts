/** Faults 46, 76, 122, 128 to 130: what others made, named or send, and a disk that takes no more files. */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { documentOf, errorOf, makeProgram, manifest, type Program } from '../cli/program.ts';
import { PATIENCE_MS } from './scale.ts';

const isRoot = process.getuid?.() === 0;
const needsRoot = isRoot ? '' : ' (skipped: only root can do this)';
const NOBODY = 65534;

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0).reverse()) each.close();
});

function program(name: string, more: Record<string, string> = {}): Program {
  const made = makeProgram(name, more);
  opened.push(made);
  return made;
}

describe.runIf(isRoot)(`on a disk without room for more files${needsRoot}`, { timeout: PATIENCE_MS }, () => {
  test('an experiment says that the disk is full, and a way out goes on working', async () => {
    const user = program('inodes');
    const disk = mkdtempSync(join(tmpdir(), 'aichor-inodes-disk-'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=400,size=64m', 'tmpfs', disk]);
    expect(mounted.status).toBe(0);
    opened.splice(-1, 0, { close: () => { spawnSync('umount', [disk]); rmSync(disk, { recursive: true }); } }); // prettier-ignore
    const more = { AICHOR_HOME: join(disk, 'state') };
    opened.push({ close: () => void spawnSync(process.execPath, [join(import.meta.dirname, '../../bin/aichor.js'), 'server', 'stop'], { env: { ...user.env, ...more } }) }); // prettier-ignore
    const script = 'i=0; while :; do : > "$AICHOR_OUTPUT_PATH/$i" || exit 3; i=$((i+1)); done\n';
    writeFileSync(join(user.repo, 'main.sh'), script);
    const submitted = await user.aichor(['experiments', 'submit', 'local', '--wait'], { more });
    const { status, reason, experiment_id: id } = documentOf(submitted);
    expect({ status, reason }).toEqual({ status: 'Failed', reason: 'DiskFull' });
    expect((await user.aichor(['experiments', 'list'], { more })).code).toBe(0);
    const deleted = await user.aichor(['experiments', 'delete', id, '--outputs', '--yes', '--wait'], {
      more,
    });
    expect(deleted.code, deleted.stderr).toBe(0);
    writeFileSync(join(user.repo, 'main.sh'), 'echo well\n');
    const again = await user.aichor(['experiments', 'submit', 'local', '--wait'], { more });
    expect(documentOf(again)).toMatchObject({ status: 'Succeeded' });
  });
});

describe('the folder for sockets of state folders with long paths', { timeout: PATIENCE_MS }, () => {
  const LONG = 'long'.repeat(25);

  /** A temporary folder, with what stands there where the sockets would be. */
  function lying(make: (folder: string) => void): Record<string, string> {
    const temporary = mkdtempSync(join(tmpdir(), 'at-'));
    opened.push({ close: () => rmSync(temporary, { recursive: true }) });
    make(join(temporary, `aichor-${process.getuid?.()}`));
    return { TMPDIR: temporary, AICHOR_HOME: join(temporary, LONG) };
  }

  test.runIf(isRoot)(`that is somebody else's is refused, in words that reach the user${needsRoot}`, async () => {
    const more = lying((folder) => {
      mkdirSync(folder, { mode: 0o777 });
      chownSync(folder, NOBODY, NOBODY);
    });
    const outcome = await program('foreign', more).aichor(['experiments', 'list']);
    expect(outcome.code).toBe(4);
    expect(errorOf(outcome)).toMatchObject({ code: 'forbidden', message: expect.stringContaining('does not belong to you') }); // prettier-ignore
  }); // prettier-ignore

  test('that is a link is refused too', async () => {
    const more = lying((folder) => symlinkSync(tmpdir(), folder));
    const outcome = await program('link', more).aichor(['experiments', 'list']);
    expect(outcome.code).toBe(4);
    expect(errorOf(outcome).message).toContain('does not belong to you');
  });
});

test.each([' a b ', `q'"q`, '$(touch made)', 'new\nline', '\\040', '#h', 'a:b,c', '100%', '*', 'ü', '-x'])(
  'a state folder %j runs what is mounted as what it is',
  { timeout: PATIENCE_MS },
  async (name) => {
    const root = mkdtempSync(join(tmpdir(), 'aichor-names-'));
    opened.push({ close: () => rmSync(root, { recursive: true }) });
    const user = program('names', { AICHOR_HOME: join(root, name) });
    const storage = 'storage: {attachExistingPVCs: [{name: data, mountPoint: /mnt/data}]}';
    writeFileSync(join(user.repo, 'manifest.yaml'), manifest('sh main.sh', storage));
    writeFileSync(join(user.repo, 'Dockerfile'), 'FROM python:3.11\nWORKDIR /app\nCOPY . .\n');
    writeFileSync(join(user.repo, 'main.sh'), 'cat /app/word && echo kept > /mnt/data/kept\n');
    writeFileSync(join(user.repo, 'word'), 'the word\n');
    const done = documentOf(await user.submit('--wait'));
    expect(done, done.explanation).toMatchObject({ status: 'Succeeded' });
    const { stdout } = await user.aichor(['experiments', 'logs', done.experiment_id, '--pod', 'worker-0-0']);
    expect(stdout).toContain('the word');
    expect(readFileSync(join(root, name, 'volumes', 'data', 'kept'), 'utf8')).toBe('kept\n');
    // Nothing of a name was taken for a command, or for another name.
    expect(readdirSync(root)).toEqual([name]);
    expect(existsSync(join(user.repo, 'made'))).toBe(false);
  },
);

describe('a server that is somebody else’s', { timeout: PATIENCE_MS }, () => {
  /** Answers as it likes; what it was asked. */
  async function hostile(
    answer: (path: string) => { status?: number; headers?: Record<string, string>; body: string },
  ) {
    // prettier-ignore
    const asked: IncomingMessage[] = [];
    const server: Server = createServer((request, response) => {
      asked.push(request);
      const {
        status = 200,
        headers = { 'content-type': 'application/json' },
        body,
      } = answer(request.url ?? '');
      response.writeHead(status, headers).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    opened.push({ close: () => void (server.closeAllConnections(), server.close()) });
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    return { asked, env: { AICHOR_SERVER: `http://127.0.0.1:${port}`, AICHOR_API_KEY: 'the key' } };
  }

  test.each(['file:///etc/passwd', 'javascript:alert(1)', 'smb://host/share', '--help', '//host/x'])(
    'does not have %s opened',
    async (url) => {
      const { env } = await hostile(() => ({ body: JSON.stringify({ name: 'tensorboard', url }) }));
      const user = program('links');
      const browser = join(user.home, 'browser');
      writeFileSync(browser, `#!/bin/sh\n: > ${user.home}/opened\n`, { mode: 0o755 });
      const more = { ...env, PATH: `${user.home}:${process.env['PATH']}`, BROWSER: browser };
      symlinkSync(browser, join(user.home, 'xdg-open'));
      const outcome = await user.aichor(['experiments', 'open', 'latest', 'tensorboard'], { more });
      expect(outcome.code).toBe(7);
      expect(errorOf(outcome).message).toContain('no web address');
      expect(existsSync(join(user.home, 'opened'))).toBe(false);
    },
  );

  test('that leads elsewhere is not followed: the key stays where it was sent', async () => {
    const other = await hostile(() => ({ body: '{"experiments": [], "next_cursor": null}' }));
    const location = `${other.env.AICHOR_SERVER}/v1/experiments`;
    const first = await hostile(() => ({ status: 302, headers: { location }, body: '' }));
    const outcome = await program('redirect').aichor(['experiments', 'list'], { more: first.env });
    expect(outcome.code).not.toBe(0);
    expect(first.asked).not.toHaveLength(0);
    expect(other.asked).toEqual([]);
  });

  test.each(['../outside', '/etc/outside', 'a/../../outside', '..\\\\..\\\\outside/../../../x'])(
    'cannot name %s as a place for a download',
    async (path) => {
      const file = { path, size_bytes: 4, modified_at: '2026-01-01T00:00:00Z' };
      const { env } = await hostile((asked) => ({ body: asked.includes('/file') ? 'evil' : JSON.stringify({ files: [file], path: '/x', total_bytes: 4 }) })); // prettier-ignore
      const user = program('download');
      const to = join(user.home, 'deep', 'to');
      mkdirSync(to, { recursive: true });
      const outcome = await user.aichor(['storage', 'download', '--experiment', 'latest', '--to', to], {
        more: env,
      });
      expect(outcome.code).not.toBe(0);
      expect(readdirSync(user.home).sort()).toEqual(['deep', 'repo']);
      expect(readdirSync(join(user.home, 'deep'))).toEqual(['to']);
    },
  );

  test.each(['<html>gateway</html>', '[]', '{"experiments": 1}', 'null', ''])(
    'that answers %j is told, without a stack',
    async (body) => {
      const { env } = await hostile(() => ({ body }));
      const outcome = await program('shapes').aichor(['experiments', 'get', 'latest'], { more: env });
      expect(outcome.stderr).not.toMatch(/\n\s+at /);
      const listed = await program('shapes').aichor(['experiments', 'list'], { more: env });
      expect(listed.stderr).not.toMatch(/\n\s+at /);
    },
  );
});

test('a download follows a link below its folder, as cp does', { timeout: PATIENCE_MS }, async () => {
  const user = program('through');
  writeFileSync(join(user.repo, 'main.sh'), 'mkdir "$AICHOR_OUTPUT_PATH/sub"; echo result > "$AICHOR_OUTPUT_PATH/sub/file"\n');
  const { experiment_id: id } = documentOf(await user.submit('--wait'));
  const [to, behind] = [join(user.home, 'to'), join(user.home, 'behind')];
  mkdirSync(to);
  mkdirSync(behind);
  symlinkSync(behind, join(to, 'sub'));
  const outcome = await user.aichor(['storage', 'download', '--experiment', id, '--to', to]);
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(readFileSync(join(behind, 'file'), 'utf8')).toBe('result\n');
}); // prettier-ignore
