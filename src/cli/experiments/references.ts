import type { Client } from '../../client/client.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';
import type { Talk } from '../runtime/talk.ts';
import { labelConditions } from '../submit/environment.ts';
import type { CommitAwaited } from './following/of-commit.ts';
import { perItem } from './wait.ts';

/** The experiment meant by an id, a prefix, `latest`, or nothing (then `latest`, which is said). */
export async function experimentMeant(
  client: Client,
  ref: string | undefined,
  talk: Talk,
): Promise<ExperimentRecord> {
  const record = await client.get(namedRef(ref ?? 'latest'));
  if (ref === undefined || ref === 'latest') talk.notice(`the latest experiment is ${record.experiment_id}`);
  return record;
}

interface Chosen {
  ref: string | undefined;
  labels: readonly string[];
  sweep?: string | undefined;
  /** `--commit`, instead of all others. */
  ofCommit?: Omit<CommitAwaited, 'talk'> | null;
}

/** The same where `--label`, `--sweep` or `--commit` may stand instead of an id: the newest that has all of them. Throws AichorError. */
export async function experimentChosen(
  client: Client,
  { ref, labels, sweep, ofCommit = null }: Chosen,
  talk: Talk,
): Promise<ExperimentRecord> {
  if (ofCommit !== null) {
    if (ref !== undefined || labels.length > 0 || sweep !== undefined)
      throw new AichorError('usage', '--commit excludes an id, --label and --sweep', {
        hint: 'give one of them',
      });
    const { experimentOfCommit } = await import('./following/of-commit.ts');
    return experimentOfCommit(client, { ...ofCommit, talk });
  }
  if (labels.length === 0 && sweep === undefined) return experimentMeant(client, ref, talk);
  const by = [...labels, ...(sweep === undefined ? [] : [`the sweep ${sweep}`])].join(', ');
  if (ref !== undefined)
    throw new AichorError('usage', 'an id excludes --label and --sweep', { hint: 'give one of them' });
  const { experiments } = await client.list({ label: labelConditions(labels), sweep, limit: 1 });
  const [newest] = experiments;
  if (newest === undefined) throw noneChosen(by);
  talk.notice(`the newest with ${by} is ${newest.experiment_id}`);
  return client.get(newest.experiment_id);
}

export function noneChosen(by: string): AichorError {
  return new AichorError('not_found', `there is no experiment with ${by}`, {
    hint: 'aichor experiments list --columns id,label.NAME,message, and aichor sweeps list, show what there is',
  });
}

/** The experiment that is submitted again: its id, else the newest with these labels. Throws AichorError `usage` for neither. */
export async function experimentAgain(
  client: Client,
  { ref, labels }: { ref: string | undefined; labels: readonly string[] },
  talk: Talk,
): Promise<ExperimentRecord> {
  if (ref !== undefined) return experimentMeant(client, ref, talk);
  if (labels.length > 0) return experimentChosen(client, { ref, labels }, talk);
  throw new AichorError('usage', 'no experiment was named', {
    hint: 'give its id, latest, or --label KEY=VALUE',
  });
}

/** Requests at the same time: a socket takes only so many callers. */
const AT_ONCE = 50;

/** The experiments meant, each once; unknown ones come back as errors. */
export async function experimentsMeant(
  client: Client,
  refs: readonly string[],
): Promise<{ found: ExperimentRecord[]; errors: AichorError[] }> {
  const wanted = [...new Set(refs)].map(namedRef);
  const answers: (ExperimentRecord | AichorError)[] = [];
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    const some = wanted.slice(at, at + AT_ONCE);
    answers.push(...(await Promise.all(some.map((ref) => client.get(ref).catch(perItem)))));
  }
  const found = new Map<string, ExperimentRecord>();
  const errors: AichorError[] = [];
  for (const answer of answers) {
    if (answer instanceof AichorError) errors.push(answer);
    else found.set(answer.experiment_id, answer);
  }
  return { found: [...found.values()], errors };
}

/**
 * A reference that says something. An empty one comes from a script whose variable is not set: that is no experiment
 * that is missing, and least of all the latest one. Throws AichorError `usage`.
 */
export function namedRef(ref: string): string {
  if (ref.trim() !== '') return ref;
  throw new AichorError('usage', 'an ID is empty', {
    hint: 'in a script, the variable that should hold it is not set; latest is the newest experiment',
  });
}

/** Refuses (AichorError `not_found`) a type that the experiment does not have. Before it is planned, none. */
export function assertHasType(
  { experiment_id: id, pods }: Pick<ExperimentRecord, 'experiment_id' | 'pods'>,
  type: string | undefined,
): void {
  const types = new Set(pods.map((pod) => pod.type));
  if (type === undefined || types.size === 0 || types.has(type)) return;
  throw new AichorError('not_found', `experiment ${id} has no type ${JSON.stringify(type)}`, {
    hint: `its types: ${[...types].join(', ')}`,
  });
}
