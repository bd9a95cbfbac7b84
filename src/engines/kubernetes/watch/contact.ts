import type { EngineLog } from '../engine-log.ts';

/** Why what we know of a kind may be old. */
export interface Trouble {
  /** When it was last known to be true. */
  since: Date;
  why: string;
}

/** Whether the API server tells us of a kind. */
export interface Contact {
  /** Everything that there is has been seen once. */
  synced(): boolean;
  trouble(): Trouble | null;
  /** Milliseconds since it last told us anything. */
  silentMs(): number;
  /** It tells us something, in a stream that is open. */
  heard(): void;
  /** It answers. With `whole`: what it answered is everything that there is. */
  reached(options?: { whole?: boolean }): void;
  lost(why: string): void;
}

interface ContactOptions {
  /** For the log. */
  kind: string;
  log: Pick<EngineLog, 'info' | 'warn'>;
  now: () => Date;
  /** `synced` or `trouble` says something else now. */
  onState: () => void;
}

export function createContact({ kind, log, now, onState }: ContactOptions): Contact {
  let synced = false;
  let trouble: Trouble | null = null;
  let last = now();
  return {
    synced: () => synced,
    trouble: () => trouble,
    silentMs: () => now().getTime() - last.getTime(),
    heard() {
      last = now();
    },
    reached({ whole = false } = {}) {
      last = now();
      if (trouble !== null) log.info({ kind, since: trouble.since }, 'the cluster is seen again');
      const news = trouble !== null || (whole && !synced);
      trouble = null;
      synced ||= whole;
      if (news) onState();
    },
    lost(why) {
      if (trouble?.why === why) return;
      log.warn({ kind, why }, 'the cluster is not seen');
      trouble = { since: trouble?.since ?? last, why };
      onState();
    },
  };
}
