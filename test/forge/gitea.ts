import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildForge } from './forge.js';

/** A Gitea of its own, with one user who may do everything. */
export interface Gitea {
  url: string;
  user: string;
  password: string;
  /** May do all that the user may. */
  token: string;
  /** Of its API: the JSON it answers. Throws with what it says of anything but success. */
  api(method: string, path: string, body?: object): Promise<any>; // oxlint-disable-line no-explicit-any
  close(): Promise<void>;
}

export async function startGitea(): Promise<Gitea> {
  const folder = await buildForge();
  const work = mkdtempSync(join(tmpdir(), 'aichor-gitea-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const config = join(work, 'app.ini');
  writeFileSync(config, settings({ work, url, folder }));
  mkdirSync(join(work, 'home'));
  const words = ['--config', config, '--work-path', work];
  const program = join(folder, 'gitea');
  const env = { PATH: process.env['PATH'], HOME: join(work, 'home'), GITEA_WORK_DIR: work };
  const once = (...more: string[]) =>
    execFileSync(program, [...more, ...words], { env, encoding: 'utf8' }).trim();
  once('migrate');
  const [user, password] = ['ada', randomBytes(12).toString('hex')];
  const named = ['--username', user, '--password', password, '--email', 'ada@example.org'];
  once('admin', 'user', 'create', ...named, '--admin', '--must-change-password=false');
  const asked = ['--username', user, '--token-name', 'test', '--scopes', 'all', '--raw'];
  // What it logs, of running as root, stands before it.
  const token =
    once('admin', 'user', 'generate-access-token', ...asked)
      .split('\n')
      .at(-1) ?? '';
  const server = spawn(program, ['web', ...words], { env, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  for (;;) {
    if (server.exitCode !== null) throw new Error(`Gitea ended with ${server.exitCode}`);
    const answer = await fetch(`${url}/api/healthz`).catch(() => null);
    if (answer?.ok) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    ...{ url, user, password, token },
    async api(method, path, body) {
      const answer = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      const said = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${said}`);
      return said === '' ? null : JSON.parse(said);
    },
    async close() {
      server.kill('SIGTERM');
      await ended;
      rmSync(work, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Nothing of the network outside, and hooks to this machine. The folder of a run of tests is for its own user only: so it runs as that one. */
function settings({ work, url, folder }: { work: string; url: string; folder: string }): string {
  return `RUN_MODE = prod
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = ${process.getuid?.() === 0}
WORK_PATH = ${work}
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${new URL(url).port}
ROOT_URL = ${url}/
DISABLE_SSH = true
OFFLINE_MODE = true
STATIC_ROOT_PATH = ${join(folder, 'static')}
[database]
DB_TYPE = sqlite3
PATH = ${join(work, 'gitea.db')}
[repository]
ROOT = ${join(work, 'repositories')}
[security]
INSTALL_LOCK = true
SECRET_KEY = ${randomBytes(16).toString('hex')}
[service]
DISABLE_REGISTRATION = true
[webhook]
ALLOWED_HOST_LIST = loopback
DELIVER_TIMEOUT = 30
[log]
MODE = file
LEVEL = Warn
[cron]
ENABLED = false
`;
}
