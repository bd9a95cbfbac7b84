import { AichorError } from '../errors.ts';
import { createProcProcesses } from './proc-processes.ts';
import type { Processes } from './processes.ts';
import { createPsProcesses } from './ps-processes.ts';

/**
 * `/proc` on Linux, `ps` elsewhere; `AICHOR_PROCESSES=proc|ps` decides otherwise (the suite runs with both).
 * Throws AichorError `usage` for any other value.
 */
export function chooseProcesses(
  env: Record<string, string | undefined>,
  platform: NodeJS.Platform,
): Processes {
  const wanted = env['AICHOR_PROCESSES'] || (platform === 'linux' ? 'proc' : 'ps');
  if (wanted === 'proc') return createProcProcesses();
  if (wanted === 'ps') return createPsProcesses(platform);
  throw new AichorError('usage', `AICHOR_PROCESSES is ${JSON.stringify(wanted)}`, {
    hint: 'use proc (Linux) or ps, or leave it unset',
  });
}
