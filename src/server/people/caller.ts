import type { Role } from '../../api/key-contract.ts';

/** Who asks something of the control plane. */
export interface Caller {
  /** Whether it came by the unix socket: the server's own user, whose files and programs these are anyhow. */
  isOwner: boolean;
  /** Name of the key that was given; null: none was needed. */
  name: string | null;
  role: Role;
  /** Projects that the key is for; null: all. */
  projects: readonly string[] | null;
}

/** Whoever can open the unix socket, which only the server's own user can. */
export const OWNER: Caller = { isOwner: true, name: null, role: 'admin', projects: null };

/** Who has no key: only what is open to all is answered. */
export const STRANGER: Caller = { isOwner: false, name: null, role: 'viewer', projects: [] };

/** Name of the key that the server was started with, or made at its first start. No other key may have it. */
export const SERVER_KEY = 'server';

/** Who submits what a push asked for. */
export const PUSH = 'push';

/** Names that no key of a person has. */
export const RESERVED_KEYS: ReadonlySet<string> = new Set([SERVER_KEY, PUSH]);
