import type { Client } from '../../../client/client.ts';
import { isAichorError } from '../../../errors.ts';
import type { ExperimentRecord } from '../../../experiment/record.ts';
import type { Usage } from '../../../api/contract.ts';
import type { LogLine } from '../../../logs/line.ts';
import { lastLinesOf } from './last-lines.ts';

/**
 * What people want to see of an experiment beside its record: what its pods take now, and what it printed last, while it
 * runs; of a failed one the last lines of what failed. Pages are drawn without what cannot be had.
 */
export async function presentOf(
  client: Client,
  record: ExperimentRecord,
  signal: AbortSignal,
): Promise<{ usage: Usage['pods']; lastLines: LogLine[] }> {
  const { experiment_id: id, status } = record;
  const isRunning = status === 'Running';
  const isTelling = isRunning || status === 'Building' || status === 'Failed';
  const [usage, lastLines] = await Promise.all([
    isRunning ? client.usage(id).then(({ pods }) => pods, none) : [],
    isTelling ? lastLinesOf(client, { record, signal }).catch(none) : [],
  ]);
  return { usage, lastLines };
}

/** A server of another version may not know the question; what is interrupted is no such thing. */
function none(error: unknown): never[] {
  if (isAichorError(error) && error.code !== 'interrupted') return [];
  throw error;
}
