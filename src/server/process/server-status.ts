import type { ServerStatus } from '../../api/contract.ts';
import type { ControlPlane } from '../control-plane.ts';
import { bytesBelow } from '../storage/disk-usage.ts';

export async function serverStatusOf(plane: ControlPlane): Promise<ServerStatus> {
  const { folders, snapshots } = plane;
  const [kept, environments, logs, outputs] = await Promise.all([
    snapshots.bytesOnDisk(),
    bytesBelow(folders.environments),
    bytesBelow(folders.experiments, 'logs'),
    bytesBelow(folders.outputs),
  ]);
  return {
    running: true,
    pid: plane.pid,
    address: plane.address,
    version: plane.version,
    live_experiments: plane.supervisor.liveCount(),
    disk: { snapshots: kept, environments, logs, outputs },
  };
}
