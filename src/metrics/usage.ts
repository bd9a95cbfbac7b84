/**
 * What the pods of an experiment took of their machines, sampled while they ran: for each pod mean and peak of its present attempt, and
 * of all of it a course that is thinned as it grows. Plain data, so that it can be put away and taken up again.
 */
export interface UsageSamples {
  /** By pod. */
  pods: Map<string, PodTotals>;
  /** One after another; each stands for as many samples, the last one perhaps for fewer. */
  stretches: Stretch[];
  /** Samples a stretch. */
  perStretch: number;
}

/** What can be known of a pod at one moment; null: not known there. CPUs that are busy, bytes, and shares from 0 to 1. */
export interface PodUse {
  cpus: number | null;
  memory_bytes: number | null;
  gpu: number | null;
  gpu_memory_bytes: number | null;
}

/** One sample: what each pod of which something is known took. */
interface Sample {
  /** Seconds since 1970. */
  time: number;
  attempt: number;
  pods: readonly (PodUse & { pod: string })[];
}

interface PodTotals {
  attempt: number;
  samples: number;
  totals: Totals;
}

interface Stretch {
  /** Of its first sample and its last, in seconds. */
  from: number;
  to: number;
  samples: number;
  pods: Map<string, Totals>;
}

type Use = keyof PodUse;
/** Of what was never known there is none. */
type Totals = Partial<Record<Use, Total>>;

interface Total {
  sum: number;
  count: number;
  peak: number;
}

export interface MeanAndPeak {
  mean: number;
  peak: number;
}

/** What a pod took in its present attempt; null of what was never known. */
export type PodUsageSummary = { samples: number } & Record<Use, MeanAndPeak | null>;

/** What is known of the memory that a pod had. */
interface MemoryKnown {
  peak_memory_bytes: number | null;
  usage: { memory_bytes: MeanAndPeak | null } | null;
}

/** The most memory that a pod had, in bytes: its engine counts what it started, samples what was run in the pod, too. Null: not known. */
export function peakMemory({ peak_memory_bytes: seen, usage }: MemoryKnown): number | null {
  const sampled = usage?.memory_bytes?.peak ?? null;
  return seen === null || sampled === null ? (seen ?? sampled) : Math.max(seen, sampled);
}

/** A stretch of the course, as documents have it: means, and the peaks beside them. */
export interface UsageStretch {
  time: string;
  /** Seconds from its first sample to its last. */
  span_s: number;
  pods: (PodUse & { pod: string; peak: PodUse })[];
}

const USES = ['cpus', 'memory_bytes', 'gpu', 'gpu_memory_bytes'] as const satisfies readonly Use[];
const IN_BYTES: ReadonlySet<Use> = new Set<Use>(['memory_bytes', 'gpu_memory_bytes']);

/** However long it runs; of many pods there are fewer stretches, so that what is kept stays small. */
const MOST_STRETCHES = 240;
const FEWEST_STRETCHES = 10;
const MOST_PARTS = 4000;

export function noUsage(): UsageSamples {
  return { pods: new Map(), stretches: [], perStretch: 1 };
}

/** Adds one more sample; of a pod that has begun again, what was before counts in the course only. */
export function addUsage(samples: UsageSamples, { time, attempt, pods }: Sample): void {
  let open = samples.stretches.at(-1);
  if (open === undefined || open.samples >= samples.perStretch) {
    open = { from: time, to: time, samples: 0, pods: new Map() };
    samples.stretches.push(open);
  }
  open.to = time;
  open.samples++;
  for (const pod of pods) {
    const known = samples.pods.get(pod.pod);
    const totals = known?.attempt === attempt ? known : { attempt, samples: 0, totals: {} };
    totals.samples++;
    samples.pods.set(pod.pod, totals);
    const ofStretch = open.pods.get(pod.pod) ?? {};
    open.pods.set(pod.pod, ofStretch);
    for (const use of USES) {
      const value = pod[use];
      if (value === null || !Number.isFinite(value)) continue;
      const one = { sum: value, count: 1, peak: value };
      totals.totals[use] = together(totals.totals[use], one);
      ofStretch[use] = together(ofStretch[use], one);
    }
  }
  if (samples.stretches.length > mostStretches(samples)) joinStretches(samples);
}

/** Of one pod in one attempt; null: nothing was sampled. */
export function usageOfPod(samples: UsageSamples, pod: string, attempt: number): PodUsageSummary | null {
  const known = samples.pods.get(pod);
  if (known?.attempt !== attempt) return null;
  const [cpus, memory_bytes, gpu, gpu_memory_bytes] = USES.map((use) => meanAndPeak(known.totals[use], use));
  return {
    samples: known.samples,
    cpus: cpus ?? null,
    memory_bytes: memory_bytes ?? null,
    gpu: gpu ?? null,
    gpu_memory_bytes: gpu_memory_bytes ?? null,
  };
}

/** The course of all attempts, oldest first. */
export function usageCourse({ stretches }: UsageSamples): UsageStretch[] {
  return stretches.map(({ from, to, pods }) => ({
    time: new Date(from * 1000).toISOString(),
    span_s: shown(to - from, 'cpus'),
    pods: [...pods].map(([pod, totals]) => {
      const of = (part: keyof MeanAndPeak, use: Use) => meanAndPeak(totals[use], use)?.[part] ?? null;
      return { pod, ...usesOf((use) => of('mean', use)), peak: usesOf((use) => of('peak', use)) };
    }),
  }));
}

function usesOf(value: (use: Use) => number | null): PodUse {
  return {
    cpus: value('cpus'),
    memory_bytes: value('memory_bytes'),
    gpu: value('gpu'),
    gpu_memory_bytes: value('gpu_memory_bytes'),
  };
}

function mostStretches({ pods }: UsageSamples): number {
  const fitting = Math.floor(MOST_PARTS / Math.max(1, pods.size));
  return Math.min(MOST_STRETCHES, Math.max(FEWEST_STRETCHES, fitting));
}

/** Each two neighbours become one. */
function joinStretches(samples: UsageSamples): void {
  const { stretches } = samples;
  const joined: Stretch[] = [];
  for (let at = 0; at < stretches.length; at += 2) {
    const [first, second] = stretches.slice(at, at + 2);
    if (first === undefined) break;
    joined.push(second === undefined ? first : joinedStretch(first, second));
  }
  samples.stretches = joined;
  samples.perStretch *= 2;
}

function joinedStretch(first: Stretch, second: Stretch): Stretch {
  const pods = new Map(first.pods);
  for (const [pod, totals] of second.pods) {
    const both: Totals = { ...pods.get(pod) };
    for (const use of USES) {
      const one = totals[use];
      if (one !== undefined) both[use] = together(both[use], one);
    }
    pods.set(pod, both);
  }
  return { from: first.from, to: second.to, samples: first.samples + second.samples, pods };
}

function together(known: Total | undefined, one: Total): Total {
  if (known === undefined) return one;
  const { sum, count, peak } = known;
  return { sum: sum + one.sum, count: count + one.count, peak: Math.max(peak, one.peak) };
}

function meanAndPeak(total: Total | undefined, use: Use): MeanAndPeak | null {
  return total === undefined
    ? null
    : { mean: shown(total.sum / total.count, use), peak: shown(total.peak, use) };
}

/** Whole bytes; of the others four digits, which is more than two looks at a clock can tell. */
function shown(value: number, use: Use): number {
  return IN_BYTES.has(use) ? Math.round(value) : Math.round(value * 10_000) / 10_000;
}
