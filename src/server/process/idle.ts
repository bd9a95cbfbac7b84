/** Tells when the server has had nothing to do for a while. */
export interface IdleWatch {
  /** Something was done, or something ended: the time starts anew. */
  touch(): void;
  stop(): void;
}

interface IdleOptions {
  /** Null: never. */
  afterMs: number | null;
  isBusy(): boolean;
  leave(): void;
}

const DEFAULT_IDLE_MS = 10 * 60 * 1000;

export function createIdleWatch({ afterMs, isBusy, leave }: IdleOptions): IdleWatch {
  let timer: NodeJS.Timeout | undefined;
  const touch = () => {
    clearTimeout(timer);
    if (afterMs === null) return;
    timer = setTimeout(() => (isBusy() ? touch() : leave()), afterMs);
  };
  return { touch, stop: () => clearTimeout(timer) };
}

/** How long an embedded server stays without anything to do: 10 minutes, or `AICHOR_IDLE_SECONDS`. */
export function idleTime(env: Record<string, string | undefined>): number {
  const seconds = Number(env['AICHOR_IDLE_SECONDS'] || Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : DEFAULT_IDLE_MS;
}
