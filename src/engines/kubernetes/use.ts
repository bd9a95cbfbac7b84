import { join } from 'node:path';
import { isThere } from '../../base/io/files.ts';
import type { Connected } from './deps.ts';
import { engineFolderOf } from './end/discard.ts';
import type { KubernetesEngineOptions } from './options.ts';
import { tidyCluster, type Following } from './end/janitor.ts';
import { createReadingPlaces } from './logs/places.ts';
import { openKept } from './run/kept.ts';
import { createObservatory } from './watch/observatory.ts';
import { createQueuePlaces } from './watch/queue/queue-places.ts';

/** A cluster while experiments run on it. */
export interface Use {
  connected(): Promise<Connected>;
  /** Somebody looks after this experiment from now on, until the function that is returned is called. */
  follow(experimentId: string): () => void;
  /** Lets go of the cluster; nobody follows anything any more. */
  close(): Promise<void>;
}

const JANITOR_MS = 5 * 60_000;

export function createUse(options: KubernetesEngineOptions): Use {
  const { connect, settings, now, log, name } = options;
  const followed = new Map<string, number>();
  let connecting: Promise<Connected> | null = null;
  let timer: NodeJS.Timeout | null = null;

  async function open(): Promise<Connected> {
    const cluster = await connect();
    const observatory = createObservatory({ cluster, log, now });
    return { cluster, observatory, places: createQueuePlaces(cluster), reading: createReadingPlaces() };
  }
  function connected(): Promise<Connected> {
    connecting ??= open().catch((error: unknown) => {
      connecting = null;
      throw error;
    });
    return connecting;
  }
  async function tidy(): Promise<void> {
    try {
      const { cluster } = await connected();
      const following = (id: string) => followingOf(options.dataFolder, id, followed.has(id));
      await tidyCluster({ cluster, ttlS: settings.ttl_s, following, now, log });
    } catch (error) {
      log.warn({ err: error, engine: name }, 'what others left in the cluster could not be tidied up');
    }
  }
  return {
    connected,
    follow(experimentId) {
      followed.set(experimentId, (followed.get(experimentId) ?? 0) + 1);
      if (timer === null) {
        timer = setInterval(() => void tidy(), JANITOR_MS);
        timer.unref();
        void tidy();
      }
      return () => {
        const left = (followed.get(experimentId) ?? 1) - 1;
        if (left > 0) followed.set(experimentId, left);
        else followed.delete(experimentId);
        if (followed.size > 0 || timer === null) return;
        clearInterval(timer);
        timer = null;
      };
    },
    async close() {
      if (timer !== null) clearInterval(timer);
      timer = null;
      const open = await connecting?.catch(() => null);
      open?.observatory.close();
      open?.cluster.close();
    },
  };
}

/** What the engine's own files say of an experiment. */
async function followingOf(
  dataFolder: string,
  experimentId: string,
  isFollowed: boolean,
): Promise<Following> {
  if (isFollowed) return 'followed';
  const directory = engineFolderOf(dataFolder, experimentId);
  if (!(await isThere(join(directory, 'run.json')))) return 'unknown';
  return (await openKept(directory)).run.cleared ? 'ended' : 'live';
}
