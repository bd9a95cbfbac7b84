import type { ExperimentSummary } from '../../experiment/record.ts';
import { EMBEDDED_ENGINE } from '../submission/choose-engine.ts';

/** Whether an experiment's files are in folders of this machine: it ran here, and not with a store. */
export function isInFolders({ engine, paths }: Pick<ExperimentSummary, 'engine' | 'paths'>): boolean {
  return isOnThisMachine({ engine }) && !paths.output.includes('://');
}

/**
 * Whether an experiment's paths are folders here. Those of others are addresses of an object store, or folders that only
 * pods see, even where they look like folders of this machine.
 */
export function isOnThisMachine({ engine }: Pick<ExperimentSummary, 'engine'>): boolean {
  return engine === EMBEDDED_ENGINE;
}
