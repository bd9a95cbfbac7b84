import type { ServerStatus } from '../../api/contract.ts';
import type { SnapshotStore } from '../ports.ts';
import { bytesBelow } from '../storage/disk-usage.ts';
import type { Supervisor } from '../supervision/supervisor.ts';
import type { Folders } from './folders.ts';

/** What is told of a server. */
export interface Told {
  version: string;
  pid: number;
  /** How it is reached. */
  address: string;
  folders: Folders;
  snapshots: Pick<SnapshotStore, 'bytesOnDisk'>;
  supervisor: Pick<Supervisor, 'liveCount'>;
}

export async function serverStatusOf(of: Told): Promise<ServerStatus> {
  const { folders, snapshots } = of;
  const [kept, environments, logs, outputs] = await Promise.all([
    snapshots.bytesOnDisk(),
    bytesBelow(folders.environments),
    bytesBelow(folders.experiments, 'logs'),
    bytesBelow(folders.outputs),
  ]);
  return {
    running: true,
    pid: of.pid,
    address: of.address,
    version: of.version,
    live_experiments: of.supervisor.liveCount(),
    disk: { snapshots: kept, environments, logs, outputs },
  };
}
