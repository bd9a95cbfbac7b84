import type { Totals } from './plan/totals.ts';

/** What an experiment needs at its peak. */
export interface QueueEntry {
  id: string;
  needs: Totals;
  /** The sweep it belongs to, where that has a limit of its own. */
  sweep?: string | null;
  /** The project it belongs to, where that may have quotas. */
  project?: string | null;
}

/** What the quotas of a project say; null: no limit. */
export interface ProjectRoom {
  /** How many of its experiments may run, and how many GPUs they may have, at the same time. */
  running: number | null;
  gpus: number | null;
  /** What runs of it now. */
  now: { running: number; gpus: number };
  /** Why nothing of it may start, whatever it needs; null: it may. */
  full: string | null;
}

/** How many more of a sweep may start now, and how many may run at all. */
export interface SweepRoom {
  left: number;
  most: number;
}

/** What an engine offers to all experiments together; null: unknown or unlimited. */
export interface QueueLimits {
  cpus: number | null;
  memory_gb: number | null;
  gpus: number | null;
  max_experiments: number | null;
  /** Of sweeps that have a limit, by name. */
  sweeps?: ReadonlyMap<string, SweepRoom>;
  /** Of projects that have quotas, by name. */
  projects?: ReadonlyMap<string, ProjectRoom>;
}

export interface QueueDecision {
  /** May start now, in this order. */
  admitted: string[];
  /** Must wait, in order, and what for. */
  waiting: { id: string; message: string }[];
}

/** Places up to this one are said exactly; further back a rough number changes (and is stored) less often. */
const EXACT_PLACES = 10;
const ROUGH_STEPS = [1, 2, 5];

/**
 * Who may start (contract 8): first come first served. One is admitted when its peak fits beside what runs, or when
 * nothing runs (so what is larger than the machine runs too, alone). Nobody overtakes: who waits holds back all behind, unless it is only its sweep's or
 * its project's own limit that it waits for.
 * A machine without GPUs does not count them: the engine says by a notice that they are absent.
 *
 * @param told how many from the front know already what they wait for; it is said again when somebody is admitted
 */
export function decideQueue(
  waiting: readonly QueueEntry[],
  running: readonly QueueEntry[],
  limits: QueueLimits,
  told = 0,
): QueueDecision {
  const held = [...running];
  const started: Started = { sweeps: new Map(), projects: new Map() };
  const admitted: string[] = [];
  let left: QueueEntry[] = [];
  for (const [index, entry] of waiting.entries()) {
    if (heldByItsOwn(entry, started, limits) !== null) {
      left.push(entry);
      continue;
    }
    if (!fits(entry, held, limits)) {
      left = left.concat(waiting.slice(index));
      break;
    }
    held.push(entry);
    admitted.push(entry.id);
    count(entry, started);
  }
  const from = admitted.length === 0 ? told : 0;
  return {
    admitted,
    waiting: left.slice(from).map((entry, index) => ({
      id: entry.id,
      message: heldByItsOwn(entry, started, limits) ?? waitsFor(entry, from + index, { held, limits }),
    })),
  };
}

/** What was admitted in this round, of sweeps and projects. */
interface Started {
  sweeps: Map<string, number>;
  projects: Map<string, { running: number; gpus: number }>;
}

function count({ sweep, project, needs }: QueueEntry, { sweeps, projects }: Started): void {
  if (sweep) sweeps.set(sweep, (sweeps.get(sweep) ?? 0) + 1);
  if (!project) return;
  const { running, gpus } = projects.get(project) ?? { running: 0, gpus: 0 };
  projects.set(project, { running: running + 1, gpus: gpus + needs.gpus });
}

/** Which limit of its own sweep or project holds one back, as it is said; null: none. It holds back nobody else. */
function heldByItsOwn(entry: QueueEntry, started: Started, limits: QueueLimits): string | null {
  const { sweep, project } = entry;
  const sweepRoom = sweep ? limits.sweeps?.get(sweep) : undefined;
  if (sweepRoom !== undefined && sweepRoom.left <= (started.sweeps.get(sweep ?? '') ?? 0))
    return `at most ${sweepRoom.most} of the sweep ${sweep} at the same time`;
  const room = project ? limits.projects?.get(project) : undefined;
  if (room === undefined) return null;
  if (room.full !== null) return room.full;
  const more = started.projects.get(project ?? '') ?? { running: 0, gpus: 0 };
  if (room.running !== null && room.now.running + more.running >= room.running)
    return `the quota of the project ${project}: at most ${experiments(room.running)} at the same time`;
  const gpus = room.now.gpus + more.gpus;
  if (room.gpus === null || entry.needs.gpus === 0 || gpus + entry.needs.gpus <= room.gpus) return null;
  return entry.needs.gpus > room.gpus
    ? `it asks for ${entry.needs.gpus} GPUs, and the project ${project} may have ${room.gpus}: it can never start unless that quota is raised`
    : `the quota of the project ${project}: ${gpus} of ${room.gpus} GPUs are in use, and it asks for ${entry.needs.gpus}`;
}

function fits(entry: QueueEntry, held: readonly QueueEntry[], limits: QueueLimits): boolean {
  if (limits.max_experiments !== null && held.length >= limits.max_experiments) return false;
  if (held.length === 0) return true;
  return COUNTED.every(({ key }) => {
    const offered = offeredOf(limits, key);
    return offered === null || atMost(used(held, key) + entry.needs[key], offered);
  });
}

const COUNTED = [
  { key: 'cpus', unit: 'CPUs' },
  { key: 'memory_gb', unit: 'GB of memory' },
  { key: 'gpus', unit: 'GPUs' },
] as const;

type Counted = (typeof COUNTED)[number]['key'];

function offeredOf(limits: QueueLimits, key: Counted): number | null {
  const offered = limits[key];
  return key === 'gpus' && offered === 0 ? null : offered;
}

function used(held: readonly QueueEntry[], key: Counted): number {
  return held.reduce((sum, entry) => sum + entry.needs[key], 0);
}

function waitsFor(
  entry: QueueEntry,
  ahead: number,
  { held, limits }: { held: readonly QueueEntry[]; limits: QueueLimits },
): string {
  const place = placeInQueue(ahead);
  const wants = COUNTED.filter(({ key }) => {
    const offered = offeredOf(limits, key);
    return offered !== null && !atMost(used(held, key) + entry.needs[key], offered);
  }).map(({ key, unit }) => `${tidy(entry.needs[key])} of ${tidy(offeredOf(limits, key) ?? 0)} ${unit}`);
  if (wants.length > 0) return `${place}; needs ${wants.join(' and ')}`;
  if (limits.max_experiments !== null && held.length >= limits.max_experiments) {
    return `${place}; at most ${experiments(limits.max_experiments)} at the same time`;
  }
  return place;
}

function placeInQueue(ahead: number): string {
  if (ahead === 0) return 'next in the queue';
  if (ahead <= EXACT_PLACES) return `${experiments(ahead)} ahead of it`;
  return `more than ${roughly(ahead)} experiments ahead of it`;
}

/** The largest of 10, 20, 50, 100, 200, … below a number. */
function roughly(number: number): number {
  const power = 10 ** Math.floor(Math.log10(number - 1));
  return power * (ROUGH_STEPS.findLast((step) => step * power < number) ?? 1);
}

function experiments(number: number): string {
  return number === 1 ? '1 experiment' : `${number} experiments`;
}

/** Sums of fractions without their binary dust. */
function tidy(number: number): string {
  return String(Math.round(number * 100) / 100);
}

/** Sums of fractions such as 0.1 + 0.2 must still fit into 0.3. */
function atMost(sum: number, offered: number): boolean {
  return sum <= offered + 1e-9;
}
