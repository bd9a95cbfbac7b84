import type { BulkResult, ListQueryInput, Selection } from '../../api/contract.ts';
import type { Client } from '../../client/client.ts';
import { AichorError, ERROR_CODES } from '../../errors.ts';
import { labelConditions } from '../submit/environment.ts';
import { worst } from './wait.ts';
import type { ExperimentRecord, ExperimentSummary } from '../../experiment/record.ts';
import { isTerminal, STATUSES, type Status } from '../../experiment/status.ts';
import { experimentsMeant, namedRef } from './references.ts';
import { durationFlag } from './since.ts';
import { lastOfEach } from '../../sweep/trials.ts';
import { Verdict } from '../runtime/command.ts';

interface Wanted {
  ids: readonly unknown[];
  labels: readonly string[];
  sweep?: string | undefined;
  all: boolean;
}

/** Exactly one way to say which experiments are meant. Throws AichorError `usage`. */
export function readSelection({ ids, labels, sweep, all }: Wanted): Selection {
  const ways = [ids.length > 0, labels.length > 0 || sweep !== undefined, all].filter(Boolean).length;
  if (ways !== 1) {
    throw new AichorError(
      'usage',
      ways === 0 ? 'no experiment was named' : 'ids, --label or --sweep, and --all exclude each other',
      {
        hint: 'give ids (or latest), or --label KEY=VALUE, or --sweep NAME, or --all',
      },
    );
  }
  if (all) return { all: true };
  if (ids.length > 0) return { ids: [...new Set(ids.map(String))].map(namedRef) };
  return { labels: labelConditions(labels), ...(sweep !== undefined && { sweep }) };
}

interface Pruned {
  olderThan: string | undefined;
  labels: readonly string[];
  sweep: string | undefined;
  all: boolean;
  wait: boolean;
}

/** What `prune` takes; at least one of its conditions is given. Throws AichorError `usage`. */
export function readPruning({ olderThan, labels, sweep, all, wait }: Pruned): {
  older_than_s: number;
  labels: string[];
  sweep?: string;
} {
  if (olderThan === undefined && labels.length === 0 && sweep === undefined && !all) {
    throw new AichorError('usage', 'prune needs to know what to delete', {
      hint: 'give --older-than 30d, --label KEY=VALUE, --sweep NAME, or --all',
    });
  }
  if (wait && olderThan !== undefined) {
    throw new AichorError(
      'usage',
      '--wait makes no sense beside --older-than: what has just ended is not old',
      {
        hint: 'leave one of them out',
      },
    );
  }
  const seconds = olderThan === undefined ? 0 : durationFlag(olderThan, '--older-than');
  return { older_than_s: seconds, labels: labelConditions(labels), ...(sweep !== undefined && { sweep }) };
}

const LIVE = STATUSES.filter((status) => !isTerminal(status));
const ENDED = STATUSES.filter(isTerminal);
const PAGE = 1000;

/** Those of a selection that have not ended. Ids that nothing has are no error here. */
export function liveAmong(client: Client, selection: Selection): Promise<ExperimentSummary[]> {
  return among(client, selection, LIVE);
}

/** Those of a selection that have ended; with `olderThan` (seconds) longer ago than that. */
export async function endedAmong(
  client: Client,
  selection: Selection,
  { olderThan = 0, now }: { olderThan?: number; now: Date },
): Promise<ExperimentSummary[]> {
  const before = new Date(now.getTime() - olderThan * 1000).toISOString();
  const ended = await among(client, selection, ENDED);
  return ended.filter(({ ended_at: at }) => at !== null && at < before);
}

async function among(
  client: Client,
  { ids, labels = [], sweep }: Selection,
  statuses: readonly Status[],
): Promise<ExperimentSummary[]> {
  if (ids === undefined) return everyExperiment(client, { status: [...statuses], label: labels, sweep });
  const { found } = await experimentsMeant(client, ids);
  const meant = found.filter(({ status }) => statuses.includes(status));
  return meant.map(summaryOf);
}

/** All of a selection as they are known now; unknown ids come back as errors. */
export async function knownOf(
  client: Client,
  { ids, labels = [], sweep }: Selection,
): Promise<{ known: ExperimentSummary[]; errors: AichorError[] }> {
  if (ids === undefined) return { known: await chosen(client, labels, sweep), errors: [] };
  const { found, errors } = await experimentsMeant(client, ids);
  return { known: found.map(summaryOf), errors };
}

/** Of a sweep only the last experiment of each point: what came before it was made anew. */
async function chosen(
  client: Client,
  labels: string[],
  sweep: string | undefined,
): Promise<ExperimentSummary[]> {
  const all = await everyExperiment(client, { label: labels, sweep });
  if (sweep === undefined) return all;
  const members = all.toReversed().flatMap((one) => (one.sweep === null ? [] : [{ ...one.sweep, one }]));
  const last = [...lastOfEach(members).values()].map(({ one }) => one);
  if (last.length === 0) await client.sweep(sweep);
  return last;
}

function summaryOf({ pods: _pods, events: _events, ...summary }: ExperimentRecord): ExperimentSummary {
  return summary;
}

/** All pages of a list. */
export async function everyExperiment(
  client: Client,
  query: Omit<ListQueryInput, 'limit' | 'cursor'>,
): Promise<ExperimentSummary[]> {
  const all: ExperimentSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.list({ ...query, limit: PAGE, cursor });
    all.push(...page.experiments);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** The document of those that could be done, with an error for the others; when none could, the error is thrown. */
export function bulkOutcome(
  result: BulkResult,
): { experiments: ExperimentSummary[] } | Verdict<{ experiments: ExperimentSummary[] }> {
  const document = { experiments: result.experiments };
  const error = worst(result.errors.map(asError));
  if (error === null) return document;
  if (document.experiments.length === 0) throw error;
  return new Verdict(document, error);
}

/** The server's words name the experiment already. */
function asError({ code, message, hint }: BulkResult['errors'][number]): AichorError {
  const known = ERROR_CODES.find((candidate) => candidate === code) ?? 'server_error';
  return new AichorError(known, message, { hint });
}
