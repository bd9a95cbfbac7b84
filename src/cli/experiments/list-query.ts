import type { ExperimentList, ListQueryInput } from '../../api/contract.ts';
import type { Client } from '../../client/client.ts';
import { wordOf } from '../runtime/flags.ts';
import { commitNamed } from './following/commit-named.ts';
import { everyExperiment } from './selection.ts';
import { sinceFlag } from './since.ts';

import { labelConditions } from '../submit/environment.ts';

/** An operator's name, whatever the case. Throws AichorError `usage` with the name that may have been meant. */
export async function operatorNamed(name: string): Promise<string> {
  const { OPERATOR_NAMES } = await import('../../operators/table.ts');
  return wordOf(name, OPERATOR_NAMES, '--operator');
}

/** What is asked of a server, from the flags of a list. Throws AichorError `usage`. */
export async function listQuery<Flags extends ListFlags>(client: Client, flags: Flags) {
  const { label, since, until, operator, commit, ...others } = flags;
  const { 'submitted-by': submitted_by, 'resubmit-of': first, ...same } = others;
  const now = new Date();
  return {
    ...same,
    submitted_by,
    commit: commit === undefined ? undefined : await commitNamed(commit),
    operator: operator === undefined ? undefined : await operatorNamed(operator),
    label: labelConditions(label),
    since: since === undefined ? undefined : sinceFlag(since, now),
    until: until === undefined ? undefined : sinceFlag(until, now, '--until'),
    resubmit_of: first === undefined ? undefined : (await client.get(first)).experiment_id,
  };
}

interface ListFlags {
  label: readonly string[];
  since: string | undefined;
  until: string | undefined;
  operator: string | undefined;
  commit?: string | undefined;
  'submitted-by'?: string | undefined;
  'resubmit-of'?: string | undefined;
}

interface Wanted {
  sort: string | undefined;
  page: number;
  columns: string | undefined;
}

/**
 * One page of a list. A server gives the newest first, or the order of a metric; for others all that is asked for is read and
 * sorted here.
 * Throws AichorError `usage` for columns that there are not.
 */
export async function listPage(
  client: Client,
  query: ListQueryInput,
  { sort, page, columns }: Wanted,
): Promise<ExperimentList> {
  if (sort === undefined && columns === undefined) return pageOf(client, query, page);
  const { listColumns, sorted } = await import('../print/experiments/columns.ts');
  listColumns(columns);
  if (sort === undefined) return pageOf(client, query, page);
  // The control plane keeps an index of metrics.
  if (/^-?metric\../.test(sort)) return pageOf(client, { ...query, sort }, page);
  const { limit: _limit, cursor: _cursor, ...conditions } = query;
  const limit = Number(query.limit);
  const all = sorted(await everyExperiment(client, conditions), sort);
  const start = (page - 1) * limit;
  const isLast = start + limit >= all.length;
  // Its cursors are the server's, and of its order.
  const next = isLast ? null : ((await client.list({ ...query, limit: start + limit })).next_cursor ?? null);
  return { experiments: all.slice(start, start + limit), next_cursor: next };
}

async function pageOf(client: Client, query: ListQueryInput, page: number): Promise<ExperimentList> {
  let list = await client.list(query);
  for (let number = 1; number < page; number++) {
    if (list.next_cursor === null) return { experiments: [], next_cursor: null };
    list = await client.list({ ...query, cursor: list.next_cursor });
  }
  return list;
}
