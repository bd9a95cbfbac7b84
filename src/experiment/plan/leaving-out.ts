import { didYouMean } from '../../base/text/did-you-mean.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentSummary } from '../record.ts';

/** Names of what the next experiment shall not have of the one that it repeats. */
interface NamesLeftOut {
  labels: readonly string[];
  /** Of variables and secrets. */
  env: readonly string[];
}

/**
 * Leaving out what is not there is a slip: what was meant would be there again.
 *
 * @throws AichorError `usage`
 */
export function refuseUnknownNames(
  first: Pick<ExperimentSummary, 'experiment_id' | 'labels' | 'env' | 'secrets'>,
  { labels, env }: NamesLeftOut,
): void {
  const id = first.experiment_id.slice(0, 8);
  const variables = [...Object.keys(first.env), ...first.secrets];
  for (const [left, known, what] of [
    [labels, Object.keys(first.labels), `experiment ${id} has no label`],
    [env, variables, `experiment ${id} was given no variable or secret`],
  ] as const) {
    const unknown = left.find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new AichorError('usage', `${what} ${unknown}`, { hint: hintOf(unknown, known) });
  }
}

function hintOf(name: string, known: readonly string[]): string {
  const meant = didYouMean(name, known);
  if (meant !== null) return `did you mean ${meant}?`;
  return known.length === 0 ? 'it has none: there is nothing to leave out' : `it has ${known.join(', ')}`;
}
