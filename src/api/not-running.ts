import type { ServerStatus } from './contract.ts';

export type { ServerStatus } from './contract.ts';

/** What `server status` and `server stop` print of a control plane that is not there. */
export const NOT_RUNNING: ServerStatus = {
  running: false,
  pid: null,
  address: null,
  version: null,
  live_experiments: null,
  disk: null,
  projects: null,
};
