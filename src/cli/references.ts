import type { Client } from '../client/client.ts';
import { AichorError } from '../errors.ts';
import type { ExperimentRecord } from '../experiment/record.ts';
import type { Talk } from './talk.ts';
import { perItem } from './wait.ts';

/** The experiment meant by an id, a prefix, `latest`, or nothing (then `latest`, which is said). */
export async function experimentMeant(
  client: Client,
  ref: string | undefined,
  talk: Talk,
): Promise<ExperimentRecord> {
  const record = await client.get(ref ?? 'latest');
  if (ref === undefined || ref === 'latest') talk.notice(`the latest experiment is ${record.experiment_id}`);
  return record;
}

/** The experiments meant, each once; unknown ones come back as errors. */
export async function experimentsMeant(
  client: Client,
  refs: readonly string[],
): Promise<{ found: ExperimentRecord[]; errors: AichorError[] }> {
  const answers = await Promise.all([...new Set(refs)].map((ref) => client.get(ref).catch(perItem)));
  const found = new Map<string, ExperimentRecord>();
  const errors: AichorError[] = [];
  for (const answer of answers) {
    if (answer instanceof AichorError) errors.push(answer);
    else found.set(answer.experiment_id, answer);
  }
  return { found: [...found.values()], errors };
}
