import { readFile } from 'node:fs/promises';
import { placeFile } from '../../../machine/place-file.ts';
import type { EngineDeps } from '../deps.ts';
import type { LivePod } from '../pod/pod.ts';

/** Milliseconds between looks: close together at first, because most pods that fail do so early. */
const PAUSES_MS = [0, 150, 250, 500, 1000];
const STEADY_MS = 2000;
/** A new peak is written down when it is this much above the one on disk. */
const WORTH_WRITING = 1.1;

export interface MemoryWatch {
  /**
   * Kills for want of memory that were counted before a pod that is found dead now can have died: at the look
   * before the last one, because the last may have come between its death and its being found. Null: not known.
   */
  killsBefore(): number | null;
  end(): void;
}

/** Samples the resident memory of the pods' groups and keeps each pod's peak, also on disk for a restart. */
export function watchMemory(
  { processes, oom }: EngineDeps,
  pods: readonly LivePod[],
  failed: (error: unknown) => void,
): MemoryWatch {
  let timer: NodeJS.Timeout | null = null;
  let looks = 0;
  let ended = false;
  let kills: { before: number | null; last: number | null } = { before: null, last: null };
  const onDisk = new Map<LivePod, number>();

  async function look(): Promise<void> {
    const counted = await oom.kills();
    kills = { before: kills.last ?? counted, last: counted };
    const live = pods.filter((pod) => pod.phase === 'live' && pod.identity !== null);
    const groups = new Map(live.map((pod) => [pod.identity?.pid ?? 0, pod]));
    const sizes =
      groups.size === 0 ? new Map<number, number>() : await processes.memoryOfGroups(new Set(groups.keys()));
    for (const [pgid, bytes] of sizes) {
      const pod = groups.get(pgid);
      if (pod === undefined || pod.phase !== 'live') continue;
      pod.peak_memory_bytes = Math.max(pod.peak_memory_bytes ?? 0, bytes);
      await keepPeak(pod, onDisk);
    }
  }

  function schedule(): void {
    if (ended) return;
    timer = setTimeout(() => {
      look().then(schedule, failed);
    }, PAUSES_MS[looks++] ?? STEADY_MS);
    timer.unref();
  }

  schedule();
  return {
    killsBefore: () => kills.before,
    end() {
      ended = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}

async function keepPeak(pod: LivePod, onDisk: Map<LivePod, number>): Promise<void> {
  const peak = pod.peak_memory_bytes ?? 0;
  if (peak < (onDisk.get(pod) ?? 0) * WORTH_WRITING) return;
  onDisk.set(pod, peak);
  await placeFile(`${pod.base}.peak`, String(peak));
}

/** The peak that was seen before a restart. */
export async function readPeak(base: string): Promise<number> {
  return Number(await readFile(`${base}.peak`, 'utf8'));
}
