import { sleep } from '../../../base/async/abort.ts';
import type { Usage, UsageSpan } from '../../../api/contract.ts';
import type { Client } from '../../../client/client.ts';
import type { ExperimentRecord } from '../../../experiment/record.ts';
import { isTerminal } from '../../../experiment/status.ts';

/** What one experiment takes at one moment. */
export interface UsageSample extends Usage {
  time: string;
  experiment_id: string;
}

/** What the pods of one experiment took over some time. */
export interface UsageKept extends UsageSpan {
  experiment_id: string;
}

/** A sample, and the record it belongs to. */
export interface UsageSeen {
  record: ExperimentRecord;
  sample: UsageSample;
}

interface Looking {
  client: Client;
  /** Null: every experiment that runs. */
  id: string | null;
  /** Seconds between two rounds; null: there is one round. */
  every: number | null;
  signal: AbortSignal;
  now(): Date;
  /** All that were looked at in one round. */
  onRound(looked: readonly UsageSeen[]): Promise<void>;
}

/** Experiments that are looked at together. */
const MOST = 50;

/** Looks at what pods take, round after round, until the one that is meant has ended, or the signal is aborted. */
export async function watchUsage({ client, id, every, signal, now, onRound }: Looking): Promise<void> {
  for (;;) {
    const ids = id === null ? await runningNow(client) : [id];
    const looked = await Promise.all(ids.map((one) => lookAt(client, one, now)));
    await onRound(looked);
    const [only] = looked;
    if (every === null || (id !== null && only !== undefined && isTerminal(only.record.status))) return;
    await sleep(every * 1000, signal);
  }
}

/** What was sampled of one experiment while it ran, oldest first. */
export async function keptUsage(client: Pick<Client, 'usageHistory'>, id: string): Promise<UsageKept[]> {
  const { samples } = await client.usageHistory(id);
  return samples.map((sample) => ({ ...sample, experiment_id: id }));
}

async function runningNow(client: Client): Promise<string[]> {
  const { experiments } = await client.list({ status: ['Running'], limit: MOST });
  return experiments.map((one) => one.experiment_id);
}

async function lookAt(client: Client, id: string, now: () => Date): Promise<UsageSeen> {
  const [record, { pods }] = await Promise.all([client.get(id), client.usage(id)]);
  return { record, sample: { time: now().toISOString(), experiment_id: record.experiment_id, pods } };
}
