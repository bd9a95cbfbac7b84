/** Who asks something of the control plane. */
export interface Caller {
  /** Whether it came by the unix socket: the server's own user, whose files and programs these are anyhow. */
  isOwner: boolean;
}

/** Whoever can open the unix socket, which only the server's own user can. */
export const OWNER: Caller = { isOwner: true };
