import { join } from 'node:path';
import { isDiskFull } from '../../../base/io/disk-full.ts';
import { readIfThere } from '../../../base/io/files.ts';
import { place } from '../../../base/io/place.ts';
import type { Processes } from '../../../machine/processes.ts';
import type { LivePod } from '../pod/pod.ts';
import type { Host } from '../shared/host.ts';

/** Milliseconds between looks: close together at first, because most pods that fail do so early. */
const PAUSES_MS = [0, 150, 250, 500, 1000];
const STEADY_MS = 2000;
/** With hundreds of pods a look takes its time: it pauses so many times as long. */
const COST_SHARE = 20;
/** Peaks are written down when one is this much above what is on disk. */
const WORTH_WRITING = 1.1;

/** Looks at the memory of an attempt's pods while they run. */
export interface MemoryWatch {
  /**
   * Whether the kernel killed for want of memory before a pod that is found dead now can have died: since the look
   * before the last one, because the last may have come between its death and its being found.
   */
  wasOutOfMemory(): Promise<boolean>;
  end(): void;
}

/** Samples the resident memory of the pods' groups and keeps each pod's peak, also on disk for a restart. */
export function watchMemory(
  { pods, folder }: { pods: readonly LivePod[]; folder: string },
  { processes, oom }: Pick<Host, 'oom'> & { processes: Pick<Processes, 'memoryOfGroups'> },
  failed: (error: unknown) => void,
): MemoryWatch {
  let timer: NodeJS.Timeout | null = null;
  let looks = 0;
  let cost = 0;
  let ended = false;
  let kills: { before: number | null; last: number | null } = { before: null, last: null };
  const onDisk = new Map<LivePod, number>();

  async function look(): Promise<void> {
    const counted = await oom.kills();
    kills = { before: kills.last ?? counted, last: counted };
    const live = pods.filter((pod) => pod.phase === 'live' && pod.identity !== null);
    const groups = new Map(live.map((pod) => [pod.identity?.pid ?? 0, pod]));
    if (groups.size === 0) return;
    for (const [pgid, bytes] of await processes.memoryOfGroups(new Set(groups.keys()))) {
      const pod = groups.get(pgid);
      if (pod?.phase === 'live') pod.peak_memory_bytes = Math.max(pod.peak_memory_bytes ?? 0, bytes);
    }
    // Of pods that end within the first looks nobody needs it after a restart.
    if (looks > PAUSES_MS.length) await keepPeaks();
  }

  async function keepPeaks(): Promise<void> {
    const grown = pods.filter((pod) => (pod.peak_memory_bytes ?? 0) > (onDisk.get(pod) ?? 0) * WORTH_WRITING);
    if (grown.length === 0) return;
    const peaks = pods.map((pod) => [pod, pod.peak_memory_bytes] as const);
    const known = peaks.flatMap(([pod, peak]) => (peak === null ? [] : [[pod.name, peak] as const]));
    try {
      await place(peaksFile(folder), JSON.stringify(Object.fromEntries(known)));
      for (const [pod, peak] of peaks) onDisk.set(pod, peak ?? 0);
    } catch (error) {
      // They are for a server that comes after this one; what runs does not end for want of them.
      if (!isDiskFull(error)) throw error;
    }
  }

  function schedule(): void {
    if (ended) return;
    timer = setTimeout(
      () => {
        const began = performance.now();
        look().then(() => {
          cost = performance.now() - began;
          schedule();
        }, failed);
      },
      Math.max(PAUSES_MS[looks++] ?? STEADY_MS, cost * COST_SHARE),
    );
    timer.unref();
  }

  schedule();
  return {
    async wasOutOfMemory() {
      const { before } = kills;
      const now = before === null ? null : await oom.kills();
      return before !== null && now !== null && now > before;
    },
    end() {
      ended = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

function peaksFile(folder: string): string {
  return join(folder, 'peaks.json');
}

/** The peaks that were seen before a restart, by pod; bytes. */
export async function readPeaks(folder: string): Promise<ReadonlyMap<string, number>> {
  const text = await readIfThere(peaksFile(folder));
  const value: unknown = text === null ? {} : JSON.parse(text);
  const entries = value !== null && typeof value === 'object' ? Object.entries(value) : [];
  return new Map(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}
