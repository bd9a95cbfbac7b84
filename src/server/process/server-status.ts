import type { ServerStatus } from '../../api/contract.ts';
import type { SnapshotStore } from '../ports.ts';
import { bytesBelow } from '../../base/io/disk/bytes-below.ts';
import { projectsInUse, type UseTelling } from '../projects/use.ts';
import type { Supervisor } from '../supervision/supervisor.ts';

/** What is told of a server. */
export interface Told extends Omit<UseTelling, 'supervisor'> {
  version: string;
  pid: number;
  /** How it is reached. */
  address: string;
  snapshots: Pick<SnapshotStore, 'bytesOnDisk'>;
  supervisor: Pick<Supervisor, 'liveCount' | 'running'>;
}

/** @param projects that whoever asks may see; null: all */
export async function serverStatusOf(of: Told, projects: readonly string[] | null): Promise<ServerStatus> {
  const { folders, snapshots } = of;
  const [kept, environments, logs, outputs, repositories] = await Promise.all([
    snapshots.bytesOnDisk(),
    bytesBelow(folders.environments),
    bytesBelow(folders.experiments, 'logs'),
    bytesBelow(folders.outputs),
    bytesBelow(folders.repositories),
  ]);
  return {
    running: true,
    pid: of.pid,
    address: of.address,
    version: of.version,
    live_experiments: of.supervisor.liveCount(),
    projects: await projectsInUse(of, projects),
    disk: { snapshots: kept, environments, logs, outputs, repositories },
  };
}
