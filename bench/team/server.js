import { execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { openLab } from '../lab.js';

/**
 * A team's server with room for one experiment.
 *
 * @param {NodeJS.ProcessEnv} env variables of the server beside those of this process
 */
export async function openTeam(env = {}) {
  const lab = openLab();
  Object.assign(lab.env, env);
  const home = lab.env.AICHOR_HOME;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeFileSync(join(home, 'settings.json'), '{"max_experiments": 1}', { mode: 0o600 });
  const team = {
    lab,
    home,
    url: '',
    pid: 0,
    key: '',
    async start() {
      const args = [lab.program, 'server', 'start', '--local', '--port', '0'];
      const child = spawn(process.execPath, args, { env: lab.env, stdio: ['ignore', 'pipe', 'ignore'] });
      const [line] = await once(child.stdout, 'data');
      Object.assign(team, { url: JSON.parse(String(line)).address, pid: child.pid, child });
      team.key = readFileSync(join(home, 'server-key'), 'utf8').trim();
    },
    async stop() {
      const gone = once(team.child, 'exit');
      team.child.kill('SIGTERM');
      await gone;
    },
    ask: (path, options) => asked(team, path, options),
    json: async (path, body) => {
      const { status, text } = await asked(team, path, { method: 'POST', body: JSON.stringify(body) });
      if (status >= 300) throw new Error(`${path}: ${status} ${text}`);
      return JSON.parse(text);
    },
    listed: async (query) => JSON.parse((await asked(team, `/v1/experiments?${query}`)).text).experiments,
  };
  await team.start();
  return team;
}

/** One request over a kept connection; its answer, read to the end. */
function asked({ url, key, agent }, path, { method = 'GET', body, headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const all = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers };
    const sent = request(`${url}${path}`, { method, agent, headers: all }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Sends `bodies`, by so many clients at once, each over a connection of its own; milliseconds of each answer. */
export async function sent(team, path, { bodies, clients, headers = () => ({}) }) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const [times, statuses] = [[], new Map()];
  const started = performance.now();
  let next = 0;
  const client = async () => {
    while (next < bodies.length) {
      const body = bodies[next++];
      const before = performance.now();
      const { status } = await asked({ ...team, agent }, path, {
        method: 'POST',
        body,
        headers: headers(body),
      });
      times.push(performance.now() - before);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  times.sort((a, b) => a - b);
  const seconds = (performance.now() - started) / 1000;
  return {
    rate: times.length / seconds,
    p50: times[times.length >> 1],
    p99: times[Math.floor(times.length * 0.99)],
    statuses,
  };
}

/** A repository, its project, and pushes to it as GitHub tells of them. */
export async function openProject(team, files) {
  const folder = join(team.lab.folder, 'origin');
  mkdirSync(folder);
  const git = (...args) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      cwd: folder,
      encoding: 'utf8',
    }).trim();
  git('init', '--quiet', '--initial-branch=main');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  git('add', '.');
  git('commit', '--quiet', '--message', 'before the project');
  await team.json('/v1/projects', {
    name: 'p',
    engines: ['local'],
    repository: `file://${folder}`,
    allow_local_repository: true,
  });
  const { url, secret } = await team.json('/v1/projects/p/hook', { provider: 'github' });
  return {
    path: new URL(url).pathname,
    commit() {
      git('commit', '--quiet', '--allow-empty', '--message', 'exp: bench');
      return git('rev-parse', 'HEAD');
    },
    push: (commit) =>
      JSON.stringify({
        ...{ ref: 'refs/heads/main', before: '1'.repeat(40), after: commit },
        commits: [{ id: commit, message: 'exp: bench' }],
      }),
    headers: (body) => ({
      'x-github-event': 'push',
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    }),
  };
}
