import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const SSHD = '/usr/sbin/sshd';

/** Why this machine can have no ssh server of its own; null: it can. */
export function sshObstacle(): string | null {
  if (!existsSync(SSHD)) return 'it needs sshd (Debian: openssh-server)';
  // As another user, sshd may sign in that user alone, and needs no privileges for it.
  return null;
}

/** A real ssh server that gives out Git repositories, and nothing else, to whoever has one of its keys. */
export interface SshServer {
  /** Of a repository below its folder. */
  url(name: string): string;
  /** Folder of the bare repositories. */
  repositories: string;
  /** Lets a public key in, and no other. */
  letIn(publicKey: string): void;
  /** From now on it shows another host key: it is another machine, or somebody stands in between. */
  changeHostKey(): Promise<void>;
  close(): Promise<void>;
}

export async function startSshServer(): Promise<SshServer> {
  const folder = mkdtempSync(join(tmpdir(), 'aichor-sshd-'));
  const repositories = join(folder, 'repositories');
  mkdirSync(repositories);
  const authorized = join(folder, 'authorized_keys');
  const port = await freePort();
  const { username } = userInfo();
  let keys = 0;
  const makeHostKey = () => {
    const file = join(folder, `host-key-${keys++}`);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
    return file;
  };
  const start = async (hostKey: string) => {
    const config = join(folder, 'sshd_config');
    writeFileSync(
      config,
      `Port ${port}
ListenAddress 127.0.0.1
HostKey ${hostKey}
AuthorizedKeysFile ${authorized}
StrictModes no
UsePAM no
PidFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
`,
    );
    // It wants to be called by its whole path, and in the foreground ends with us.
    const child = spawn(SSHD, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Server listening')) resolve();
      });
      child.once('exit', (code) => reject(new Error(`sshd ended with ${code}: ${said}`)));
    });
    return child;
  };
  if (!existsSync('/run/sshd') && process.getuid?.() === 0) mkdirSync('/run/sshd', { mode: 0o755 });
  writeFileSync(authorized, '', { mode: 0o600 });
  let server = await start(makeHostKey());
  const stop = async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.removeAllListeners('error').kill('SIGTERM');
    await ended;
  };
  return {
    url: (name) => `ssh://${username}@127.0.0.1:${port}${join(repositories, name)}`,
    repositories,
    letIn: (publicKey) =>
      writeFileSync(authorized, `restrict,command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\"" ${publicKey}\n`),
    async changeHostKey() {
      await stop();
      server = await start(makeHostKey());
    },
    async close() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
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
