import { join } from 'node:path';
import { readIfPossible } from '../../../base/io/files.ts';
import { parseOomKills } from '../shared/oom.ts';

/** What the kernel counts of one container; null: it cannot be read. */
export interface ContainerCounters {
  /** Without what can be given back at once, such as files that were read: as a cluster counts it. */
  memory_bytes: number | null;
  oom_kills: number | null;
}

/** Paths are given so that tests can bring their own. */
export const CGROUP_SOURCES = { root: '/sys/fs/cgroup', proc: '/proc' };

/** The counters of the group that a process is in: its own container's, by either version of cgroups. */
export async function readCounters(
  pid: number,
  { root, proc }: typeof CGROUP_SOURCES = CGROUP_SOURCES,
): Promise<ContainerCounters> {
  const folder = memoryFolder(await readIfPossible(join(proc, String(pid), 'cgroup')), root);
  if (folder === null) return { memory_bytes: null, oom_kills: null };
  const read = (name: string) => readIfPossible(join(folder, name));
  const [used, usedOfV1, stat, events, control] = await Promise.all([
    read('memory.current'),
    read('memory.usage_in_bytes'),
    read('memory.stat'),
    read('memory.events'),
    read('memory.oom_control'),
  ]);
  const bytes = Number(used ?? usedOfV1 ?? Number.NaN);
  const files = Number(/^(?:total_)?inactive_file (\d+)$/m.exec(totalsOf(stat ?? ''))?.[1] ?? 0);
  return {
    memory_bytes: Number.isFinite(bytes) ? Math.max(0, bytes - files) : null,
    oom_kills: parseOomKills(events) ?? parseOomKills(control),
  };
}

/** Version 1 tells those of the group alone first, then those of the groups below it too. */
function totalsOf(stat: string): string {
  const at = stat.indexOf('total_');
  return at === -1 ? stat : stat.slice(at);
}

/** Lines `<n>:<controllers>:<path>`; version 2 has one, `0::<path>`. Null: no group of its own. */
function memoryFolder(text: string | null, root: string): string | null {
  const lines = (text ?? '').split('\n').map((line) => /^\d+:([^:]*):(\/.+)$/.exec(line));
  const ofV1 = lines.find((line) => line?.[1]?.split(',').includes('memory'))?.[2];
  if (ofV1 !== undefined) return join(root, 'memory', ofV1);
  const ofV2 = lines.find((line) => line?.[1] === '')?.[2];
  return ofV2 === undefined ? null : join(root, ofV2);
}
