import { formatBytes } from '../../base/text/bytes.ts';
import type { ProjectRoom, QueueEntry } from '../../experiment/queue.ts';
import type { ProjectTable } from '../store/tables/projects.ts';
import { storedIn, type Measuring } from './stored.ts';

/** What projects that wait, and that have a limit for it, store on this machine. */
export async function storedBy(
  waiting: readonly QueueEntry[],
  { projects, store, folders }: Measuring,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const name of namesOf(waiting)) {
    if ((projects.named(name)?.quotas.stored_gb ?? null) === null) continue;
    sizes.set(name, await storedIn(name, { projects, store, folders }));
  }
  return sizes;
}

interface Rooms {
  projects: Pick<ProjectTable, 'named'>;
  /** What runs, wherever. */
  running: readonly QueueEntry[];
  stored: ReadonlyMap<string, number>;
}

/** What the quotas of the projects that wait leave. */
export function roomsOfProjects(
  waiting: readonly QueueEntry[],
  { projects, running: all, stored }: Rooms,
): Map<string, ProjectRoom> {
  const rooms = new Map<string, ProjectRoom>();
  for (const name of namesOf(waiting)) {
    const quotas = projects.named(name)?.quotas;
    if (quotas === undefined) continue;
    const running = all.filter(({ project }) => project === name);
    const bytes = stored.get(name) ?? 0;
    const isFull = quotas.stored_gb !== null && bytes > quotas.stored_gb * 1e9;
    rooms.set(name, {
      running: quotas.running,
      gpus: quotas.gpus,
      now: { running: running.length, gpus: running.reduce((sum, { needs }) => sum + needs.gpus, 0) },
      full: isFull
        ? `the project ${name} stores ${formatBytes(bytes)}, more than its ${quotas.stored_gb} GB: delete experiments with their outputs, or raise its quota`
        : null,
    });
  }
  return rooms;
}

function namesOf(waiting: readonly QueueEntry[]): Set<string> {
  const names = new Set<string>();
  for (const { project } of waiting) if (project) names.add(project);
  return names;
}
