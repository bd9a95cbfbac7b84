import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ended, row } from '../lab.js';
import { writeRepository } from '../repository.js';
import { openTeam } from '../team/server.js';

const FILES = 1000;
const BYTES = 1_000_000;
const ROUNDS = 3;

/** A repository of 1 GB that cannot be compressed: cloned by a server that has never seen it, and each next commit of it. */
export async function measure() {
  const team = await openTeam();
  // Minutes pass between requests.
  team.agent = new Agent({ keepAlive: false });
  const folder = team.lab.folder;
  const work = writeRepository(join(folder, 'work'), { command: 'sleep 100000' });
  const git = (...args) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      cwd: work,
      encoding: 'utf8',
    }).trim();
  const commit = (message) => {
    git('add', '--all');
    git('commit', '--quiet', '--message', message);
    git('push', '--quiet', 'origin', 'main');
    return git('rev-parse', 'HEAD');
  };
  const served = await serve(folder);
  try {
    mkdirSync(join(work, 'data'));
    for (let file = 0; file < FILES; file++)
      writeFileSync(join(work, 'data', `${file}.bin`), randomBytes(BYTES));
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', join(folder, 'repo.git')]);
    execFileSync('git', ['-C', join(folder, 'repo.git'), 'config', 'uploadpack.allowAnySHA1InWant', 'true']);
    git('init', '--quiet', '--initial-branch=main');
    git('remote', 'add', 'origin', join(folder, 'repo.git'));
    await team.json('/v1/projects', {
      ...{ name: 'large', repository: served.url, engines: ['local'], allow_inner_addresses: true },
    });
    const first = await cloned(team, served.url, commit('first'));
    await running(team);
    const [next, bare] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of ['main.py', 'model.py', join('data', '7.bin')])
        writeFileSync(join(work, name), randomBytes(50_000));
      const sha = commit(`round ${round}`);
      next.push(await cloned(team, served.url, sha));
      const target = join(folder, 'bare');
      bare.push((await ended('git', ['clone', '--quiet', '--depth', '1', served.url, target])).ms);
      rmSync(target, { recursive: true, force: true });
    }
    const [again, floor] = [Math.min(...next), Math.min(...bare)];
    const clone = `git clone --depth 1, ${(floor / 1000).toFixed(1)} s`;
    return [
      row('first commit of a repository of 1 GB, until it is accepted', {
        ...{ value: first / floor, unit: 'x', limit: 5, floor: clone },
      }),
      row('the next commit of it', { value: again / 1000, unit: 's', limit: 2, floor: clone }),
      row('the same', { value: again / floor, unit: 'x', limit: 0.5, floor: clone }),
    ];
  } finally {
    served.close();
    await team.stop();
    await team.lab.close();
  }
}

/** Milliseconds until a submitted commit is an experiment. */
async function cloned(team, repository, sha) {
  const started = performance.now();
  const source = { kind: 'commit', repository, commit_sha: sha, branch: 'main' };
  await team.json('/v1/experiments', { source, project: 'large', message: 'bench' });
  return performance.now() - started;
}

/** The first experiment lays its files out: that is over, and the others wait for their turn. */
async function running(team) {
  for (;;) {
    const [experiment] = await team.listed('limit=1');
    if (experiment.status === 'Running') return;
    if (experiment.ended_at !== null) throw new Error(`the experiment is ${experiment.status}`);
    await sleep(100);
  }
}

/** `git http-backend` behind Node, which passes everything on as it comes. */
async function serve(root) {
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url, 'http://127.0.0.1');
    const backend = spawn('git', ['http-backend'], {
      env: {
        ...process.env,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: incoming.method,
        CONTENT_TYPE: incoming.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: incoming.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: incoming.headers['git-protocol'] ?? '',
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    // A client that goes leaves nothing behind: what is not read would never end.
    outgoing.on('close', () => backend.kill());
    incoming.pipe(backend.stdin);
    let head = Buffer.alloc(0);
    backend.stdout.on('data', function begin(chunk) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      backend.stdout.off('data', begin);
      const lines = head.toString('latin1', 0, end).split('\r\n');
      const { Status: status = '200', ...headers } = Object.fromEntries(
        lines.map((line) => line.split(/: (.*)/s, 2)),
      );
      outgoing.writeHead(Number.parseInt(status, 10), headers);
      outgoing.write(head.subarray(end + 4));
      backend.stdout.pipe(outgoing);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/repo.git`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
