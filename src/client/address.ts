import type { HttpPlace } from '../base/http/send.ts';

/** Where a control plane listens: the embedded one's unix socket, or a team server's address. */
export type Address = SocketAddress | Extract<HttpPlace, { url: string }>;

export interface SocketAddress {
  socketPath: string;
  /** State folder of the server that listens there. */
  dataFolder?: string;
}
