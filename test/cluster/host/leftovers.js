import { existsSync } from 'node:fs';
import { readFile, readdir, rm, rmdir } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as moment } from 'node:timers/promises';

/** In the environment of every process that belongs to a cluster: its folder. */
export const MARK = 'AICHOR_CLUSTER_OF';

/** The group of a cluster's pods, below the mount of each controller. @param {string} state */
export function cgroupOf(state) {
  return `/aichor-cluster-${createHash('sha256').update(state).digest('hex').slice(0, 8)}`;
}

/**
 * Process ids of a cluster's daemons and of what keeps it. They are known by their environment, not by a number in a
 * file, which could belong to somebody else by now.
 */
export async function processesOf(state) {
  const found = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (environment.split('\0').includes(`${MARK}=${state}`)) found.push(Number(name));
  }
  return found;
}

/** Ends every process of a cluster; containers go with the first process of their namespace. */
export async function endProcesses(state) {
  for (;;) {
    const pids = await processesOf(state);
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid);
    await moment(20);
  }
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Removes what no process holds any more: control groups, and the folder. */
export async function removeFolders(state) {
  for (const hierarchy of await hierarchies()) await removeGroup(join(hierarchy, cgroupOf(state)));
  await rm(state, { recursive: true, force: true, maxRetries: 10 });
}

/** Where the kernel's control groups are mounted: once for each controller of the old kind, and the new kind once. */
export async function hierarchies() {
  const mounts = (await readFile('/proc/mounts', 'utf8')).trim().split('\n');
  return mounts.map((mount) => mount.split(' ')).filter(([, , type]) => /^cgroup2?$/.test(type)).map(([, folder]) => folder);
} // prettier-ignore

/** A group can be removed when the kernel has let go of its last process, which may be a moment after its end. */
async function removeGroup(folder) {
  if (!existsSync(folder)) return;
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await removeGroup(join(folder, entry.name));
  for (let tries = 0; ; tries++) {
    try {
      return await rmdir(folder);
    } catch (error) {
      if (error.code === 'ENOENT') return;
      if (error.code !== 'EBUSY' || tries > 250) throw error;
      await moment(20);
    }
  }
}
