/** What a run of tests leaves: processes and folders that are its own, by marks that everything below it inherits. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The exit code of a run in which all passed, and something was left: `.ci/run` tells it apart. */
export const LEFT_SOMETHING = 3;

/** Stands in the environment of every process that a run starts. */
const MARK = 'SUITE_OF_AICHOR';

/**
 * What Node and its tools keep for the next run. Of others' programs: the empty files that uv locks, and what Python's
 * multiprocessing cannot tidy up where a test ends it at once.
 */
const CACHES = /^(?:node-compile-cache|v8-compile-cache.*|vitest.*|uv-.*\.lock|pymp-.*)$/;

/** How long what was told to end may take: it bounds nothing but that. */
const GOING_MS = 10_000;

/**
 * Begins a run: what to add to its environment, and what to ask at its end. Its temporary folder is its own.
 *
 * @returns {{env: Record<string, string>, end: () => Promise<string[]>}} `end` gives a line for each thing that was left, and takes it away
 */
export function beginRun() {
  // Short: sockets lie below it.
  const folder = mkdtempSync(join(tmpdir(), 'at-'));
  const id = folder.slice(folder.lastIndexOf('-') + 1);
  return {
    env: { [MARK]: id, TMPDIR: folder },
    async end() {
      const processes = await processesLeft({ id, folder });
      const folders = readdirSync(folder).filter((name) => !CACHES.test(name) && !isOfSockets(folder, name));
      for (const { pid } of processes) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has just ended.
        }
      }
      // What has just been told to end may remove files of its own meanwhile, of which rmSync of Node 24 gives up in silence.
      for (let tries = 5; tries > 0 && existsSync(folder); tries -= 1)
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      return [
        ...processes.map(({ pid, command }) => `process ${pid}: ${command}`),
        ...folders.map((name) => `folder ${join(folder, name)}`),
      ];
    },
  };
}

/** Where the sockets of state folders with long paths lie: one folder for all of a user, which stays. */
function isOfSockets(folder, name) {
  return /^aichor-\d+$/.test(name) && entries(join(folder, name)).length === 0;
}

/** Those that are still there after a while. */
async function processesLeft(run) {
  const until = Date.now() + GOING_MS;
  let left = marked(run);
  while (left.length > 0 && Date.now() < until) {
    await sleep(100);
    left = marked(run);
  }
  return left;
}

/** Where there is no /proc, nothing is known of processes. */
function marked({ id, folder }) {
  return entries('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    const environment = read(`/proc/${name}/environ`);
    // Tests that make an environment of their own name places in the folder.
    if (!environment.split('\0').includes(`${MARK}=${id}`) && !environment.includes(`${folder}/`)) return [];
    return [{ pid: Number(name), command: read(`/proc/${name}/cmdline`).replaceAll('\0', ' ').trim() }];
  });
}

function entries(path) {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Empty for a process that has gone, or is somebody else's. */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
