import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** A real Git server: `git http-backend` behind Node, with one repository. */
export interface GitServer {
  url: string;
  /** The same repository as a folder: what waits for Git cannot serve it meanwhile. */
  path: string;
  /** The clone from which it gets its commits. */
  work: string;
  /** Bytes of answers. */
  readonly sent: number;
  /** Headers of every request that came. */
  seen: IncomingHttpHeaders[];
  /** Commits files on a branch and gives the SHA. */
  commit(files: Record<string, string>, message: string, branch?: string): string;
  git(...args: string[]): string;
  close(): void;
}

interface GitServerOptions {
  /** `user:password` that is asked for. */
  basic?: string;
  /** Where every request is sent on to. */
  redirect?: string;
  /** Objects of Git LFS, by their SHA-256, and the origin that they are downloaded from; this one unless said. */
  lfs?: { objects: ReadonlyMap<string, string>; from?: () => string };
}

/** The batch API of Git LFS. */
async function answerLfs(
  { from }: NonNullable<GitServerOptions['lfs']>,
  { origin }: URL,
  [incoming, outgoing]: [IncomingMessage, ServerResponse],
): Promise<void> {
  const asked = JSON.parse(await text(incoming)) as { objects: { oid: string; size: number }[] };
  const objects = asked.objects.map(({ oid, size }) => ({
    ...{ oid, size, authenticated: true },
    actions: { download: { href: `${from?.() ?? origin}/object/${oid}` } },
  }));
  const type = { 'content-type': 'application/vnd.git-lfs+json' };
  outgoing.writeHead(200, type).end(JSON.stringify({ transfer: 'basic', objects }));
}

export async function startGitServer({ basic, redirect, lfs }: GitServerOptions = {}): Promise<GitServer> {
  const root = mkdtempSync(join(tmpdir(), 'aichor-git-server-'));
  const work = join(root, 'work');
  // Made anew by each test: a disk that others keep busy is not waited for.
  const settings = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.fsync', GIT_CONFIG_VALUE_0: 'none' };
  const env = { ...process.env, ...settings, GIT_CONFIG_NOSYSTEM: '1' };
  const run = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      cwd,
      env,
      encoding: 'utf8',
    }).trim();
  run(root, 'init', '--quiet', '--bare', '--initial-branch=main', 'repo.git');
  for (const setting of ['uploadpack.allowFilter', 'uploadpack.allowAnySHA1InWant'])
    run(join(root, 'repo.git'), 'config', setting, 'true');
  run(root, 'clone', '--quiet', join(root, 'repo.git'), work);
  const seen: IncomingHttpHeaders[] = [];
  let sent = 0;
  const server = createServer((incoming, outgoing) => {
    seen.push(incoming.headers);
    const given = incoming.headers.authorization;
    const object = lfs?.objects.get(/^\/object\/([0-9a-f]{64})$/.exec(incoming.url ?? '')?.[1] ?? '');
    if (object !== undefined) return void outgoing.writeHead(200).end(object);
    if (redirect !== undefined) {
      outgoing.writeHead(302, { location: `${redirect}${incoming.url}` }).end();
      return;
    }
    if (basic !== undefined && given !== `Basic ${Buffer.from(basic).toString('base64')}`) {
      outgoing.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host}`);
    if (lfs !== undefined && url.pathname.includes('/lfs/'))
      return void answerLfs(lfs, url, [incoming, outgoing]);
    const backend = spawn('git', ['http-backend'], {
      env: {
        ...env,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: incoming.method,
        CONTENT_TYPE: incoming.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: incoming.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(incoming.headers['git-protocol'] ?? ''),
      },
    });
    incoming.pipe(backend.stdin);
    const parts: Buffer[] = [];
    backend.stdout.on('data', (part: Buffer) => parts.push(part));
    backend.stdout.on('end', () => {
      const all = Buffer.concat(parts);
      sent += all.length;
      const end = all.indexOf('\r\n\r\n');
      const lines = all.subarray(0, end).toString().split('\r\n');
      const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s, 2)));
      const { Status: status = '200', ...rest } = headers;
      outgoing.writeHead(Number.parseInt(status, 10), rest).end(all.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/repo.git`,
    path: join(root, 'repo.git'),
    work,
    get sent() {
      return sent;
    },
    seen,
    commit(files, message, branch = 'main') {
      run(work, 'checkout', '--quiet', '-B', branch);
      for (const [path, text] of Object.entries(files)) writeFileSync(join(work, path), text);
      run(work, 'add', '--all');
      run(work, 'commit', '--quiet', '--allow-empty', '--message', message);
      run(work, 'push', '--quiet', '--force', 'origin', branch);
      return run(work, 'rev-parse', 'HEAD');
    },
    git: (...args) => run(work, ...args),
    close() {
      server.closeAllConnections();
      server.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
