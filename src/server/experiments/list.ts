import type { CountsQuery, StatusCounts } from '../../api/console/console-contract.ts';
import type { ExperimentList, ListQuery } from '../../api/contract.ts';
import type { Status } from '../../experiment/status.ts';
import type { ProjectSight } from '../store/conditions.ts';
import type { ExperimentStore } from '../store/store.ts';
import { asOfNow, type ExperimentReading } from './get.ts';

/** One page, newest first. */
export function listExperiments(by: ExperimentReading, query: ListQuery): ExperimentList {
  const { experiments, next_cursor } = by.store.list(query);
  return { experiments: experiments.map((experiment) => asOfNow(by, experiment)), next_cursor };
}

const NONE: Readonly<Record<Status, number>> = {
  Waiting: 0,
  Cloning: 0,
  Building: 0,
  Submitting: 0,
  Running: 0,
  Succeeded: 0,
  Failed: 0,
  Cancelled: 0,
};

/** How many there are in each status; those of which there is none too. */
export function countExperiments(
  { store }: { store: Pick<ExperimentStore, 'countByStatus'> },
  query: CountsQuery & ProjectSight,
): StatusCounts {
  return { counts: { ...NONE, ...store.countByStatus({ ...query, status: [] }) } };
}
