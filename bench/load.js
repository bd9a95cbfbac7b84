import { Agent, request } from 'node:http';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLab } from './lab.js';
import { writeRepository } from './repository.js';

/**
 * A control plane of which one experiment runs and every further one waits, and a snapshot to submit to it.
 *
 * @param {{checkout?: string}} options another built checkout
 */
export async function openBusyServer(options = {}) {
  const lab = openLab(options);
  // One at a time, so that what is measured is submitting, not running.
  const submit = async (name, content) => {
    const folder = writeRepository(join(lab.folder, name), content);
    const args = ['experiments', 'submit', 'local', '--repo-dir', folder, '--message', 'bench'];
    const { experiment_id: id } = await lab.json(args);
    return lab.json(['experiments', 'get', id]);
  };
  mkdirSync(lab.env.AICHOR_HOME, { recursive: true, mode: 0o700 });
  writeFileSync(join(lab.env.AICHOR_HOME, 'settings.json'), '{"max_experiments": 1}', { mode: 0o600 });
  const { experiment_id: running } = await submit('long', { command: 'exec sleep 3600' });
  const { source } = await submit('tiny', { command: 'true' });
  const { pid, address } = await lab.json(['server', 'status']);
  return {
    lab,
    pid,
    socket: address.replace(/^unix:/, ''),
    submission: JSON.stringify({
      source: { kind: 'local', snapshot: source.snapshot },
      message: 'bench',
      shell: { PATH: process.env.PATH, HOME: process.env.HOME ?? '/', LANG: 'C.UTF-8' },
    }),
    close: async () => {
      // Only the one that runs: what waits goes with the folder. The build before cannot always be stopped after this.
      await lab.aichor(['experiments', 'cancel', running, '--wait'], { codes: [0, 1, 6, 7, 8, 9] });
      process.kill(pid, 'SIGKILL');
      rmSync(lab.folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/**
 * A control plane with room for `cpus` pods, and a submission of one pod with this command.
 *
 * @param {{command: string, cpus: number, checkout?: string}} options `checkout`: another built checkout
 */
export async function openServer({ command, cpus, ...options }) {
  const lab = openLab(options);
  mkdirSync(lab.env.AICHOR_HOME, { recursive: true, mode: 0o700 });
  writeFileSync(join(lab.env.AICHOR_HOME, 'settings.json'), JSON.stringify({ cpus }), {
    mode: 0o600,
  });
  const folder = writeRepository(join(lab.folder, 'one-pod'), { command });
  const submitted = ['experiments', 'submit', 'local', '--repo-dir', folder, '--message', 'bench'];
  const { experiment_id: id } = await lab.json(submitted);
  const { source } = await lab.json(['experiments', 'get', id]);
  const { address, pid } = await lab.json(['server', 'status']);
  const submission = JSON.stringify({
    source: { kind: 'local', snapshot: source.snapshot },
    message: 'bench',
    shell: { PATH: process.env.PATH, HOME: process.env.HOME ?? '/', LANG: 'C.UTF-8' },
  });
  return { lab, pid, socket: address.replace(/^unix:/, ''), submission };
}

/**
 * Requests from `clients` at once, each over a connection of its own, until `enough` says so.
 *
 * @returns {Promise<{rate: number, p99: number, count: number}>} answers a second; milliseconds
 */
export async function load({ socket, submission }, { clients, ms = Infinity, count = Infinity }) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const times = [];
  const started = performance.now();
  let asked = 0;
  const client = async () => {
    while (performance.now() - started < ms && asked < count) {
      asked++;
      const before = performance.now();
      await post({ agent, socket }, '/v1/experiments', submission);
      times.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - started) / 1000;
  agent.destroy();
  times.sort((a, b) => a - b);
  return { rate: times.length / seconds, p99: times[Math.floor(times.length * 0.99)], count: times.length };
}

/** One request; rejects unless it is answered with success. */
export function post({ agent, socket }, path, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request({ agent, socketPath: socket, method: 'POST', path, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      answer.on('end', () =>
        answer.statusCode < 300 ? resolve(text) : reject(new Error(`${answer.statusCode}: ${text}`)),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Whether any experiment has not ended. */
export async function someLive(socket) {
  const states = ['Waiting', 'Cloning', 'Building', 'Submitting', 'Running'];
  const query = states.map((state) => `status=${state}`).join('&');
  return (await listed(socket, `${query}&limit=1`)).length > 0;
}

/** What the control plane lists for a query. */
export function listed(socketPath, query) {
  return new Promise((resolve, reject) => {
    const agent = new Agent();
    const asked = request({ agent, socketPath, path: `/v1/experiments?${query}` }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(JSON.parse(text).experiments) : reject(new Error(text)),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Megabytes a process holds (`VmRSS`), or held at most (`VmHWM`). */
export function memoryOf(pid, what = 'VmRSS') {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}

/** The most that a process held is counted anew from here on. */
export function resetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
