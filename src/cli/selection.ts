import type { Selection } from '../api/contract.ts';
import { AichorError, ERROR_CODES } from '../errors.ts';
import { readLabels } from './env-flags.ts';
import { worst } from './wait.ts';
import type { BulkResult } from '../api/contract.ts';
import type { ExperimentSummary } from '../experiment/record.ts';
import { Verdict } from './verdict.ts';

interface Wanted {
  ids: readonly unknown[];
  labels: readonly string[];
  all: boolean;
}

/** Exactly one way to say which experiments are meant. Throws AichorError `usage`. */
export function readSelection({ ids, labels, all }: Wanted): Selection {
  const ways = [ids.length > 0, labels.length > 0, all].filter(Boolean).length;
  if (ways !== 1) {
    throw new AichorError(
      'usage',
      ways === 0 ? 'no experiment was named' : 'ids, --label and --all exclude each other',
      {
        hint: 'give ids (or latest), or --label KEY=VALUE, or --all',
      },
    );
  }
  if (all) return { all: true };
  if (ids.length > 0) return { ids: [...new Set(ids.map(String))] };
  readLabels(labels);
  return { labels: [...labels] };
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
