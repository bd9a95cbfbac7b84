import { createTurns } from '../../base/async/turns.ts';
import { systemErrorCode } from '../../errors.ts';
import { isTerminal } from '../../experiment/status.ts';
import type { LogStore, SnapshotStore } from '../ports.ts';
import type { Folders } from '../process/folders.ts';
import { idsWithFolder } from '../store/damage/lost.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { Examination, Damage } from '../../api/examination.ts';

/** What is examined. */
export interface Examined {
  store: Pick<ExperimentStore, 'examine' | 'ids' | 'state' | 'untidied' | 'expiry'>;
  snapshots: Pick<SnapshotStore, 'examine'>;
  logs: Pick<LogStore, 'open'>;
  folders: Pick<Folders, 'database' | 'experiments'>;
}

/**
 * Reads everything that the control plane keeps: the database and each row, each content against its hash, each listing,
 * each log. What is damaged is mended, or counts as missing from then on. Outputs and inputs are their owners'.
 */
export async function examine(by: Examined): Promise<Examination> {
  const database = await by.store.examine();
  const { damaged, contents, snapshots } = await by.snapshots.examine();
  const logs = await examineLogs(by);
  const findings = [
    ...database.integrity.map((message) => ({ place: by.folders.database, message, mended: false })),
    ...database.findings,
    ...damaged,
    ...logs.findings,
    ...(await strangers(by)),
  ];
  const checked = { experiments: database.experiments, contents, snapshots, logs: logs.count };
  return { sound: findings.length === 0, checked, findings };
}

async function examineLogs({ store, logs }: Examined): Promise<{ count: number; findings: Damage[] }> {
  const findings: Damage[] = [];
  const untidied = new Set(store.untidied());
  const turns = createTurns();
  let count = 0;
  for (const id of store.ids({})) {
    if (turns.isDue()) await turns.take();
    const record = store.state(id)?.record;
    if (record === undefined || record.step === 'wait' || store.expiry.at(id) !== null) continue;
    count++;
    try {
      const log = await logs.open(id);
      await log.examine();
      const { exists, isRebuilt, damage } = log.facts();
      if (isRebuilt)
        findings.push({
          place: id,
          message: 'the index of its log was damaged, and was made anew',
          mended: true,
        });
      for (const text of damage)
        findings.push({ place: id, message: `part of its log is lost: ${text}`, mended: false });
      if (!exists && isTerminal(record.status) && !untidied.has(id))
        findings.push({ place: id, message: 'its log was removed', mended: false });
    } catch (error) {
      const why = systemErrorCode(error) ?? (error instanceof Error ? error.message : String(error));
      findings.push({ place: id, message: `its log cannot be read (${why})`, mended: false });
    }
  }
  return { count, findings };
}

/** Folders of experiments that no record tells of: left by a database that was lost, or that is older. */
async function strangers({ store, folders }: Examined): Promise<Damage[]> {
  const known = new Set(store.ids({}));
  const strange = (await idsWithFolder(folders.experiments)).filter((id) => !known.has(id));
  return strange.map((place) => ({
    place,
    message:
      'it has a folder below experiments/, but no record: it was deleted half, or stood in a database that is gone; look into it, and remove it',
    mended: false,
  }));
}
