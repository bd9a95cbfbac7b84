import type { Log, LogStore } from '../ports.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { AuditTable } from '../store/tables/audit.ts';
import type { DeliveryTable } from '../store/tables/deliveries.ts';
import type { ProjectTable } from '../store/tables/projects.ts';

/** What removing old logs needs. */
export interface LogsExpiring {
  store: Pick<ExperimentStore, 'expiry'>;
  projects: Pick<ProjectTable, 'list'>;
  logs: Pick<LogStore, 'remove' | 'isRead'>;
  deliveries: Pick<DeliveryTable, 'expire'>;
  audit: Pick<AuditTable, 'add'>;
  log: Log;
  now(): Date;
  /** Nothing more is begun once this is aborted. */
  closing: AbortSignal;
}

/** For how long what came of a push is told: hosts keep theirs for less. */
const DELIVERIES_MS = 90 * 24 * 3600 * 1000;

/** Logs of a project that go in one turn, unless said. */
const MOST = 200;

/**
 * Removes the logs of experiments that ended longer ago than their project keeps logs, the oldest end first; not of one
 * whose log somebody reads just now. Records and outputs stay. Deliveries of hooks go when they are old.
 *
 * What goes is written down first: from then on the log is gone for everybody, and a removal that was cut short is
 * carried on by the next call. True when there is more than one turn takes.
 */
export async function expireLogs(by: LogsExpiring, most = MOST): Promise<boolean> {
  const { expiry } = by.store;
  let isMore = false;
  for (const { name: project, retention_s: seconds } of by.projects.list()) {
    if (seconds === null || seconds === undefined) continue;
    const endedBefore = new Date(by.now().getTime() - seconds * 1000).toISOString();
    const due = expiry.due({ project, endedBefore }, most);
    const ids = due.filter((id) => !by.logs.isRead(id));
    if (ids.length === 0) continue;
    isMore ||= due.length === most;
    const details = { experiments: ids, ended_before: endedBefore };
    by.audit.add([{ by: null, deed: 'project.expire', subject: project, details }]);
    expiry.mark(ids);
    by.log.info(
      { project, experiments: ids.length, ended_before: endedBefore },
      'removing logs that their project keeps no longer',
    );
  }
  for (const id of expiry.pending()) {
    if (by.closing.aborted) return false;
    try {
      await by.logs.remove(id);
      if (by.closing.aborted) return false;
      expiry.done(id);
    } catch (error) {
      by.log.warn(
        { err: error, experiment: id },
        'an old log could not be removed; it is tried again in an hour',
      );
    }
  }
  // Last: on a disk that takes nothing this fails, and logs that are marked already make room.
  by.deliveries.expire(new Date(by.now().getTime() - DELIVERIES_MS).toISOString());
  return isMore;
}

const FIRST_MS = 5_000;
const EVERY_MS = 3600 * 1000;
/** Between the turns of one that has much to remove. */
const NEXT_MS = 1000;

/** Removes old logs soon after the start and once an hour, until the server goes; `settled` waits for what is under way. */
export function expireHourly(by: LogsExpiring): { settled(): Promise<void> } {
  let underWay = Promise.resolve();
  let timer = setTimeout(look, FIRST_MS).unref();
  by.closing.addEventListener('abort', () => clearTimeout(timer));

  function look(): void {
    underWay = expireLogs(by)
      .catch((error: unknown) => {
        by.log.warn({ err: error }, 'old logs could not be removed; it is tried again in an hour');
        return false;
      })
      .then((isMore) => {
        if (!by.closing.aborted) timer = setTimeout(look, isMore ? NEXT_MS : EVERY_MS).unref();
      });
  }

  return { settled: () => underWay };
}
