import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { readIfPossible } from '../base/io/files.ts';

/** What this machine offers, GB as manifests count them (2^30 bytes). */
export interface MachineCapacity {
  cpus: number;
  memory_gb: number;
}

/** Processors this process may use (affinity and cgroup quota) and memory (RAM, or the cgroup's limit). */
export async function machineCapacity(
  cgroupRoot = '/sys/fs/cgroup',
  ownCgroup = '/proc/self/cgroup',
): Promise<MachineCapacity> {
  const folders = await cgroupFolders(cgroupRoot, ownCgroup);
  let cpus = availableParallelism();
  let memory = totalmem();
  for (const folder of folders) {
    const quota = parseCpuMax(await readIfPossible(join(folder, 'cpu.max'))) ?? (await legacyQuota(folder));
    if (quota !== null) cpus = Math.min(cpus, quota);
    const limit = await memoryLimit(folder);
    if (limit !== null) memory = Math.min(memory, limit);
  }
  return { cpus, memory_gb: Math.round((memory / 2 ** 30) * 100) / 100 };
}

/** cgroup v2 `cpu.max`: `max 100000` (no limit: null) or `<quota> <period>`: the processors it allows. */
export function parseCpuMax(text: string | null): number | null {
  const match = /^(\d+) (\d+)/.exec(text ?? '');
  return match === null ? null : Number(match[1]) / Number(match[2]);
}

async function legacyQuota(folder: string): Promise<number | null> {
  const quota = Number(await readIfPossible(join(folder, 'cpu.cfs_quota_us')));
  const period = Number(await readIfPossible(join(folder, 'cpu.cfs_period_us')));
  return quota > 0 && period > 0 ? quota / period : null;
}

async function memoryLimit(folder: string): Promise<number | null> {
  const text =
    (await readIfPossible(join(folder, 'memory.max'))) ??
    (await readIfPossible(join(folder, 'memory.limit_in_bytes')));
  const bytes = Number(text?.trim() || 'none');
  return Number.isFinite(bytes) && bytes > 0 ? bytes : null;
}

/**
 * The folders that hold the limits of this process: its cgroup (v2, or one per v1 controller) and the groups
 * above it. Empty where there are no cgroups (macOS).
 */
export async function cgroupFolders(root: string, ownCgroup: string): Promise<string[]> {
  const text = await readIfPossible(ownCgroup);
  if (text === null) return [];
  const folders = new Set<string>();
  for (const line of text.trim().split('\n')) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const base = controllers === '' ? root : join(root, controllers);
    const parts = path.split('/').filter((part) => part !== '');
    for (let depth = parts.length; depth >= 0; depth--) folders.add(join(base, ...parts.slice(0, depth)));
  }
  return [...folders];
}
