import { beforeEach, describe, inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    cluster: FoundCluster;
  }
}

/** What the suites run on. */
export interface FoundCluster {
  /** Why there is none; null: there is. */
  missing: string | null;
  kubeconfig: string;
  /** Folder of `kubectl`; null: on the PATH. */
  programs: string | null;
  /** Socket of a proxy to the API server that signs in by itself. */
  socket: string;
  /** Folder of a cluster of ours; null: any cluster. */
  state: string | null;
  /** An image with busybox. */
  image: string;
}

export const cluster = inject('cluster');

/** What only a cluster of ours has. */
const OWN = 'fake nodes, images and logs that only the cluster of this suite has';

/**
 * Scenarios side by side on the cluster. Without one they are skipped, and their reason says why.
 *
 * @param options `own`: they need what only a cluster of ours has
 */
export function onCluster(title: string, body: () => void, { own = false } = {}): void {
  describe.concurrent(`on a cluster: ${title}`, () => {
    beforeEach(({ skip }) => {
      const reason = cluster.missing ?? (own && cluster.state === null ? `needs ${OWN}` : null);
      skip(reason !== null, reason ?? undefined);
    });
    body();
  });
}
