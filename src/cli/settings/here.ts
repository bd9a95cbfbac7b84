import { AichorError } from '../../errors.ts';
import type { Settings } from './settings.ts';

/** Throws AichorError `usage` when a server elsewhere is meant: what concerns its files can be done only where they are. */
export function assertHere({ server }: Pick<Settings, 'server'>): void {
  if (server.value === null) return;
  throw new AichorError('usage', `what ${server.value} keeps lies on its own machine`, {
    hint: 'run this command there, without AICHOR_SERVER',
  });
}
