import { AichorError } from '../../errors.ts';
import type { ListQuery } from '../../api/contract.ts';
import type { BuildResult } from '../../engines/engine.ts';
import type { ExperimentEvent, ExperimentFact } from '../../experiment/event.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import type { ExperimentSummary, Metrics, Notice } from '../../experiment/record.ts';
import type { Status } from '../../experiment/status.ts';
import type { ExperimentState, NewExperiment } from '../../experiment/state.ts';
import type { Point } from '../../sweep/point.ts';
import type { IdConditions, ListConditions, ProjectSight } from './conditions.ts';
import type { DatabaseExamination } from './damage/examine.ts';
import type { LongRecord } from './read-rows.ts';
import type { Measured } from './tables/measured.ts';
import type { LogExpiry } from './tables/expiry.ts';
import type { Feed } from './tables/feed.ts';
import type { SharedValues } from './tables/shared-values.ts';

/**
 * Where the control plane keeps what it knows. Everything that returns has been written durably; every change of an
 * experiment is one transaction, and its facts are folded by `applyEvent` inside it.
 */
export interface ExperimentStore {
  /** Every change of every experiment, as far back as is kept. */
  feed: Feed;
  /** Whose logs went because of their age. */
  expiry: LogExpiry;
  /** Under which names private values stand. */
  sharedValues: SharedValues;
  /**
   * New experiments in one transaction. Of each: itself, or the one that its idempotency key made earlier; an AichorError
   * `conflict` when that was made from other content, which does not keep the others from being made.
   */
  create(requests: readonly CreateRequest[]): Created[];
  /** A sweep, new or changed, with further experiments of it: all of it in one transaction, or nothing. Their states. */
  createSweep(sweep: StoredSweep, requests: readonly CreateRequest[]): ExperimentState[];
  sweep(name: string): StoredSweep | null;
  /** Newest first. A sweep is there as long as an experiment of it is. */
  sweeps(): StoredSweep[];
  /** The experiments of a sweep, oldest first. */
  sweepMembers(name: string): SweepMember[];
  /** The experiment that was made with this key, if any; throws `conflict` when it was made from other content. */
  madeWith(idempotency: Idempotency): string | null;
  /** Appends facts in one transaction and returns the state after them. Facts after the end are not stored. */
  append(id: string, facts: readonly ExperimentFact[], build?: BuildResult): ExperimentState;
  /** The same of several experiments, in one transaction; the states after it. */
  appendAll(facts: ReadonlyMap<string, readonly ExperimentFact[]>): Map<string, ExperimentState>;
  /** Texts on how far experiments are, in one transaction. Not durable: they are said again after a start. */
  progress(messages: ReadonlyMap<string, string>): void;
  /**
   * The metrics of an experiment have changed, one that has ended perhaps; `measure` puts together what they are by the time that somebody
   * asks. Not durable: after a crash they are read again.
   */
  measured(id: string, measure: () => Measured): void;
  /**
   * Sets and removes (null) labels, and the note (undefined: as it is), of one that runs or has ended; the state after it.
   */
  annotate(id: string, annotation: Annotated): ExperimentState;
  /** A notice in the record of one that may have ended; the state after it. */
  remark(id: string, notice: Notice): ExperimentState;
  state(id: string): ExperimentState | null;
  /** Null: it is to be read as state and events. */
  longRecord(id: string): LongRecord | null;
  submission(id: string): StoredSubmission | null;
  build(id: string): BuildResult | null;
  events(id: string): ExperimentEvent[];
  /** An id, a unique prefix of at least 3 characters, or `latest` → id; throws `ambiguous` or `not_found`. */
  resolve(ref: string): string;
  /** Newest first, or in the order of a metric. */
  list(query: ListQuery & ProjectSight): { experiments: ExperimentSummary[]; next_cursor: string | null };
  /** How many match, by status; those of which there is none are left out. */
  countByStatus(conditions: ListConditions): Partial<Record<Status, number>>;
  /** Every id that matches, oldest first. */
  ids(conditions: IdConditions): string[];
  /** Not ended yet, oldest first. */
  live(): string[];
  liveCount(): number;
  /** How many there are of each status that any has. */
  counts(): Record<string, number>;
  /** Ended, but what the engine keeps of it has not been removed yet. */
  untidied(): string[];
  markTidied(id: string): void;
  /** Snapshots that an experiment refers to. */
  snapshots(): Set<string>;
  remove(id: string): void;
  /** Keeps room of its own for the day when the disk is full; to be called while it is not. */
  keepRoom(): void;
  /** Reads all of it; rows that are damaged are put together again. */
  examine(): Promise<DatabaseExamination>;
  close(): void;
}

export interface Annotated {
  labels: Readonly<Record<string, string | null>>;
  note: string | null | undefined;
}

export type Created = { state: ExperimentState; created: boolean } | AichorError;

export interface CreateRequest {
  experiment: NewExperiment;
  submission: StoredSubmission;
  facts: readonly ExperimentFact[];
  idempotency: Idempotency | null;
  /** Under which its private values stand; under its id unless said. */
  valuesName?: string;
}

export interface Idempotency {
  key: string;
  /** SHA-256 of what was asked for. */
  content: string;
}

/** What a sweep is, beside its experiments. */
export interface StoredSweep {
  name: string;
  project: string;
  created_at: string;
  /** The template of the messages. */
  message: string;
  /** How many of its experiments may run at the same time; null: as many as there is room for. */
  max_parallel: number | null;
  repeat: number;
  /** In the order of their indexes, which begin at 1. */
  points: Point[];
  /** Variables that are no point's. */
  env: Record<string, string>;
  /** Changes of the manifest that are no point's, as `--set` takes them. */
  set: string[];
}

/** An experiment of a sweep, as far as the sweep is concerned. */
export interface SweepMember {
  experiment_id: string;
  index: number;
  repeat: number;
  status: Status;
  engine: string;
  started_at: string | null;
  ended_at: string | null;
  duration_s: number | null;
  explanation: string | null;
  metrics: Metrics;
}

/** What was submitted, beside the record; never changes. Secrets and the shell's variables are not in it. */
export interface StoredSubmission {
  /** The manifest's text; empty when it could not be found. */
  manifest: string;
  /** Null when the manifest was invalid: such an experiment has ended at `clone`. */
  plan: Plan | null;
  keep: boolean;
  /** `VCS_*` facts of the commit. */
  vcs: Record<string, string>;
}

/** The state of an experiment that was resolved before; it may have been deleted since. */
export function stateOf(store: Pick<ExperimentStore, 'state'>, id: string): ExperimentState {
  const state = store.state(id);
  if (state !== null) return state;
  throw new AichorError('not_found', `there is no experiment ${id}`, {
    hint: 'aichor experiments list shows those there are',
  });
}
