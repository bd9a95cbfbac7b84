import type { ServerStatus } from '../../api/contract.ts';
import type { Folders } from '../process/folders.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { DeliveryTable } from '../store/tables/deliveries.ts';
import { createMeter, type Meter } from './meter.ts';
import { createReadings } from './readings.ts';

interface Monitored {
  version: string;
  folders: Pick<Folders, 'data'>;
  /** Null: the embedded server, which counts nothing. */
  publicAddress: Promise<string> | null;
  /** Requests that are being answered. */
  requests(): number;
}

interface Instruments {
  store: Pick<ExperimentStore, 'counts'> & { deliveries: Pick<DeliveryTable, 'waiting'> };
  notifier: { pending(): number };
  status(): Promise<ServerStatus>;
}

/** The meter of a team's server; null for the embedded one. */
export async function openMeter(
  { version, folders, publicAddress, requests }: Monitored,
  { store, notifier, status }: Instruments,
): Promise<Meter | null> {
  if (publicAddress === null) return null;
  const { deliveries } = store;
  const messages = notifier.pending;
  return createMeter(
    version,
    createReadings({ store, deliveries, messages, requests, data: folders.data, status }),
  );
}
