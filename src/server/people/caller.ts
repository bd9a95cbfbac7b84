import type { Role } from '../../api/key-contract.ts';

/** Who asks something of the control plane. */
export interface Caller {
  /** Whether it came by the unix socket: the server's own user, whose files and programs these are anyhow. */
  isOwner: boolean;
  /** Name of the key that was given; null: none was needed. */
  name: string | null;
  role: Role;
}

/** Whoever can open the unix socket, which only the server's own user can. */
export const OWNER: Caller = { isOwner: true, name: null, role: 'admin' };

/** Who has no key: only what is open to all is answered. */
export const STRANGER: Caller = { isOwner: false, name: null, role: 'viewer' };

/** Name of the key that the server was started with, or made at its first start. No other key may have it. */
export const SERVER_KEY = 'server';
