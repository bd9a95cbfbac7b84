import { rename } from 'node:fs/promises';
import { shellBasics } from '../../experiment/shell-basics.ts';
import type { Log } from '../ports.ts';
import type { Folders } from '../process/folders.ts';
import { isDamagedDatabase } from '../store/database.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { ProjectTable } from '../store/tables/projects.ts';
import type { PrivateStore } from '../submission/private-values.ts';
import { createStatusWriter } from './commit-status/write.ts';
import { createNotifier, type Notifier } from './notifier.ts';
import { openOutbox, type Outbox } from './outbox.ts';

interface Around {
  store: ExperimentStore & { projects: ProjectTable };
  /** Where a team's server is reached; null: nowhere. */
  publicAddress: Promise<string> | null;
  folders: Pick<Folders, 'outbox'>;
  privateValues: Pick<PrivateStore, 'read' | 'ofProject'>;
  env: Record<string, string | undefined>;
  version: string;
  log: Log;
  now(): Date;
}

const WAITING_MS = 30 * 60 * 1000;

/** The notifier of a control plane. `AICHOR_NOTIFY_WAITING_SECONDS` and `AICHOR_NOTIFY_INNER` are the server's. */
export async function openNotifier(around: Around): Promise<Notifier> {
  const { store, folders, privateValues, publicAddress, env, version, log, now } = around;
  const { projects } = store;
  const outbox = await openSound(folders.outbox, log);
  outbox.keepOnly(new Set(store.ids({})));
  const seconds = Number(env['AICHOR_NOTIFY_WAITING_SECONDS'] || Number.NaN);
  return createNotifier({
    store,
    outbox,
    env,
    version,
    log,
    now,
    waitingMs: seconds > 0 ? seconds * 1000 : WAITING_MS,
    innerAllowed: env['AICHOR_NOTIFY_INNER'] === '1',
    writeStatus: createStatusWriter({ store, projects, privateValues, publicAddress, env, version }),
    async environmentOf(id) {
      const { shell } = await privateValues.read(id);
      return Object.keys(shell).length > 0 ? shell : shellBasics(env);
    },
  });
}

/** A damaged one is set aside: nobody's experiment ends for it. */
async function openSound(file: string, log: Log): Promise<Outbox> {
  try {
    return await openOutbox(file);
  } catch (error) {
    if (!isDamagedDatabase(error)) throw error;
    const aside = `${file}.damaged-${Date.now()}`;
    await rename(file, aside);
    log.error({ err: error, aside }, 'what is to be told of experiments is damaged; it is begun anew');
    return openOutbox(file);
  }
}
