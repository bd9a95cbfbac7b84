import type { ProjectUse } from '../../api/team/project-use-contract.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Folders } from '../process/folders.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { AuditTable } from '../store/tables/audit.ts';
import type { ProjectTable, StoredProject } from '../store/tables/projects.ts';
import type { Supervisor } from '../supervision/supervisor.ts';
import { storedIn } from './stored.ts';

/** What telling of projects needs. */
export interface UseTelling {
  projects: Pick<ProjectTable, 'named' | 'list'>;
  store: Pick<ExperimentStore, 'ids' | 'expiry'>;
  audit: Pick<AuditTable, 'last'>;
  engines: ReadonlyMap<string, Engine>;
  supervisor: Pick<Supervisor, 'running'>;
  folders: Folders;
  now(): Date;
}

const DAY_S = 24 * 3600;

/** What each project uses of what it may. @param seen null: all; else only these are told of */
export async function projectsInUse(by: UseTelling, seen: readonly string[] | null): Promise<ProjectUse[]> {
  const running = [...by.engines.keys()].flatMap((engine) => by.supervisor.running(engine));
  const told: ProjectUse[] = [];
  for (const project of by.projects.list()) {
    const { name, quotas } = project;
    if (seen?.includes(name) === false) continue;
    const mine = running.filter((entry) => entry.project === name);
    const allowed = quotas.stored_gb === null ? null : Math.round(quotas.stored_gb * 1e9);
    told.push({
      project: name,
      running: { used: mine.length, allowed: quotas.running },
      gpus: { used: mine.reduce((sum, { needs }) => sum + needs.gpus, 0), allowed: quotas.gpus },
      stored_bytes: { used: await storedIn(name, by), allowed },
      retention: retentionOf(by, project),
    });
  }
  return told;
}

function retentionOf(
  { store, audit, now }: UseTelling,
  { name, retention_s: seconds }: StoredProject,
): ProjectUse['retention'] {
  if (seconds === null || seconds === undefined) return null;
  const since = (time: number) => new Date(time - seconds * 1000).toISOString();
  const { logs, oldest, before } = store.expiry.ahead({
    project: name,
    endedBefore: since(now().getTime() + DAY_S * 1000),
  });
  const last = audit.last('project.expire', name);
  const went = last?.details['experiments'];
  return {
    seconds,
    logs,
    next_at: oldest === null ? null : new Date(Date.parse(oldest) + seconds * 1000).toISOString(),
    within_a_day: before,
    last: last === null ? null : { time: last.time, logs: Array.isArray(went) ? went.length : 0 },
  };
}
