import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROGRAM } from './process.ts';

/** A team's server in a process of its own, started and killed by a test; one state folder for all of its lives. */
export interface Team {
  home: string;
  /** As the last start said it. */
  url: string;
  child: ChildProcess;
  /** All that its lives wrote to stderr. */
  stderr: string;
  /** Starts it; the one before must have ended. */
  start(env?: Record<string, string>, flags?: readonly string[]): Promise<void>;
  /** Returns when it is gone; the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<NodeJS.Signals | null>;
  gone(): Promise<NodeJS.Signals | null>;
  /** With the key of the server, unless another is given. */
  call(method: string, path: string, body?: unknown, key?: string): Promise<Answered>;
  remove(): Promise<void>;
}

interface Answered {
  status: number;
  // What a test reads of a reply it knows to be JSON of the contract.
  // oxlint-disable-next-line no-explicit-any
  body: any;
}

export function openTeam(): Team {
  const home = mkdtempSync(join(tmpdir(), 'aichor-team-'));
  const key = () => readFileSync(join(home, 'server-key'), 'utf8').trim();
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('AICHOR_'));
  let ended: Promise<NodeJS.Signals | null> | null = null;
  const team: Team = {
    home,
    url: '',
    stderr: '',
    get child(): ChildProcess {
      throw new Error('it was not started');
    },
    async start(env = {}, flags = ['--local']) {
      const words = [PROGRAM, 'server', 'start', '--port', '0', ...flags];
      const child = spawn(process.execPath, words, {
        env: { ...Object.fromEntries(others), AICHOR_HOME: home, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stderr.setEncoding('utf8').on('data', (text) => (team.stderr += text));
      Object.defineProperty(team, 'child', { value: child, configurable: true });
      ended = once(child, 'exit').then(([, signal]) => signal);
      const said = await Promise.race([once(child.stdout, 'data'), ended.then(() => null)]);
      if (said === null) throw new Error(`the server did not start: ${team.stderr}`);
      team.url = JSON.parse(String(said[0])).address;
    },
    gone: async () => (await ended) ?? null,
    async end(signal) {
      team.child.kill(signal);
      return team.gone();
    },
    async call(method, path, body, given = key()) {
      const headers = { authorization: `Bearer ${given}`, 'content-type': 'application/json' };
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(`${team.url}/v1${path}`, { method, headers, ...sent });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
      return { status: response.status, body: isJson ? JSON.parse(text) : text };
    },
    async remove() {
      if (ended !== null && team.child.exitCode === null && team.child.signalCode === null)
        await team.end('SIGTERM');
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return team;
}

/** What GitHub would send of a push to `main`. */
export function githubPush(
  { url, secret }: { url: string; secret: string },
  { commit, message }: { commit: string; message: string },
) {
  const commits = [{ id: commit, message }];
  const body = JSON.stringify({ ref: 'refs/heads/main', before: '1'.repeat(40), after: commit, commits });
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'push',
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  };
  return { url, headers, body };
}
