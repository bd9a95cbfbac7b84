import { readIfPossible as readIfThere } from '../../../base/io/files.ts';
import { cgroupFolders } from '../../../machine/capacity.ts';
import { join } from 'node:path';
import { inRounds } from '../../../base/async/rounds.ts';

/** Where the kernel says that it killed for want of memory; paths are given so that tests can bring their own. */
export interface OomSources {
  vmstat: string;
  cgroupRoot: string;
  ownCgroup: string;
}

/** Evidence of kills for want of memory; never a guess from an exit code. */
export interface OomEvidence {
  /** Sum of all counters: it grows with each kill on this machine or in this cgroup. Null: none can be read. */
  kills(): Promise<number | null>;
}

export const SYSTEM_OOM_SOURCES: OomSources = {
  vmstat: '/proc/vmstat',
  cgroupRoot: '/sys/fs/cgroup',
  ownCgroup: '/proc/self/cgroup',
};

export function createOomEvidence(sources: OomSources): OomEvidence {
  const kills = inRounds(async (asked: readonly null[]) => {
    const all = await sumOfKills(sources);
    return asked.map(() => all);
  });
  return { kills: () => kills(null) };
}

async function sumOfKills(sources: OomSources): Promise<number | null> {
  const texts = [await readIfThere(sources.vmstat)];
  for (const folder of await cgroupFolders(sources.cgroupRoot, sources.ownCgroup)) {
    texts.push(
      await readIfThere(join(folder, 'memory.events')),
      await readIfThere(join(folder, 'memory.oom_control')),
    );
  }
  const counters = texts.map(parseOomKills).filter((count) => count !== null);
  return counters.length === 0 ? null : counters.reduce((sum, count) => sum + count, 0);
}

/** The line `oom_kill <n>` of /proc/vmstat, memory.events (v2) and memory.oom_control (v1). */
export function parseOomKills(text: string | null): number | null {
  const count = /^oom_kill (\d+)$/m.exec(text ?? '')?.[1];
  return count === undefined ? null : Number(count);
}
