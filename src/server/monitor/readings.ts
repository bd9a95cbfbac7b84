import { readdirSync } from 'node:fs';
import type { ServerStatus } from '../../api/contract.ts';
import { roomOn } from '../../base/io/reserve.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { DeliveryTable } from '../store/tables/deliveries.ts';

/** What is read at the moment when somebody asks how the server is. Null: not known. */
export interface Readings {
  /** Experiments by status; what is not there is none. */
  experiments(): Readonly<Record<string, number>>;
  deliveriesWaiting(): number;
  messagesWaiting(): number;
  /** Requests that are being answered. */
  requests(): number;
  disk(): { total: number; free: number } | null;
  /** Bytes of the state by kind. Counted behind the back of whoever asks: that may take long. */
  used(): Readonly<Record<string, number>> | null;
  descriptors(): number | null;
}

interface Instruments {
  store: Pick<ExperimentStore, 'counts'>;
  deliveries: Pick<DeliveryTable, 'waiting'>;
  messages(): number;
  requests(): number;
  /** Folder of the state. */
  data: string;
  status(): Promise<ServerStatus>;
}

/** Walking through a million outputs is not done for each scrape. */
const COUNTED_EVERY_MS = 600_000;

export function createReadings({
  store,
  deliveries,
  messages,
  requests,
  data,
  status,
}: Instruments): Readings {
  let known: Record<string, number> | null = null;
  let countedAt = -Infinity;
  function count(): void {
    countedAt = performance.now();
    void status().then(
      ({ disk }) => (known = disk === null ? null : { ...disk }),
      () => undefined,
    );
  }
  return {
    experiments: store.counts,
    deliveriesWaiting: deliveries.waiting,
    messagesWaiting: messages,
    requests,
    disk: () => orNull(() => roomOn(data)),
    used() {
      if (performance.now() - countedAt >= COUNTED_EVERY_MS) count();
      return known;
    },
    descriptors: () => orNull(() => readdirSync('/proc/self/fd').length),
  };
}

/** Not every system tells everything. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
