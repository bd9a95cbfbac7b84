import type { ExperimentSummary } from '../../experiment/record.ts';
import type { ListFilter } from './store.ts';

/** The list's conditions (not its page), on one experiment: the same as the store's. */
export function matches(summary: ExperimentSummary, filter: ListFilter): boolean {
  const { status, operator, labels, message, since } = filter;
  if (status.length > 0 && !status.includes(summary.status)) return false;
  if (operator !== undefined && summary.operator !== operator) return false;
  if (since !== undefined && summary.created_at < since) return false;
  if (message !== undefined && !lowerAscii(summary.message).includes(lowerAscii(message))) return false;
  return labels.every(
    ({ key, value }) => Object.hasOwn(summary.labels, key) && summary.labels[key] === value,
  );
}

/** SQLite's LIKE knows the case of ASCII letters only; one list must not show what the other hides. */
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
