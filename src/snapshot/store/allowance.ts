import { formatBytes } from '../../base/text/bytes.ts';
import { AichorError } from '../../errors.ts';

/** How much all snapshots together may take on disk. */
export interface Allowance {
  bytes: number;
  /** Snapshots that experiments refer to: everything else is removed before something new is refused. */
  keep(): ReadonlySet<string>;
}

/** Keeps what is stored below a limit; without one everything is taken. */
export interface Account {
  /** Throws AichorError `too_large` when so much more does not fit, even after what nobody needs was removed. */
  assertRoom(more: number): Promise<void>;
  /** So much has come. */
  add(bytes: number): void;
}

interface Counted {
  bytesOnDisk(): Promise<number>;
  collect(keep: ReadonlySet<string>): Promise<void>;
}

/** Counts the disk once, and again after a collection: what comes in between is added. */
export function openAccount(allowance: Allowance | null, { bytesOnDisk, collect }: Counted): Account {
  let stored: number | null = null;
  const count = async () => (stored ??= await bytesOnDisk());
  return {
    async assertRoom(more) {
      if (allowance === null || more === 0 || (await count()) + more <= allowance.bytes) return;
      await collect(allowance.keep());
      stored = null;
      const left = await count();
      if (left + more <= allowance.bytes) return;
      throw new AichorError(
        'too_large',
        `the control plane keeps ${formatBytes(left)} of submitted files and takes ${formatBytes(allowance.bytes)}; these are ${formatBytes(more)} more`,
        {
          hint: 'aichor experiments prune (or delete) gives back files that no other experiment has; max_snapshots_gb in settings.json of the server sets the limit',
        },
      );
    },
    add(bytes) {
      if (stored !== null) stored += bytes;
    },
  };
}
