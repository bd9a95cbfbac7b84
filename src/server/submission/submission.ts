import type { SnapshotReader } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import type { KeptTarget } from '../told/outbox.ts';
import type { ExperimentFact } from '../../experiment/event.ts';
import type { ContainerProgram, Plan } from '../../experiment/plan/plan.ts';
import type { ProjectRules } from '../projects/rules.ts';
import type { ExperimentSummary, SourceRecord, SweepPlace } from '../../experiment/record.ts';

/**
 * What is to become an experiment, with all its defaults and its files here: what each way of submitting (a directory,
 * a commit, an experiment again) comes to. From here on they are one.
 */
export interface CompleteSubmission {
  source: SourceRecord;
  files: SubmittedFiles;
  /** Null: the usual places are looked at. */
  manifest_path: string | null;
  /** The text to begin with instead of the file's: an experiment again, whose manifest had been changed for it. */
  manifest: string | null;
  /** Changes of it, as `--set` takes them. */
  set: readonly string[];
  project: string;
  /** What its project adds to it. */
  rules: ProjectRules;
  /** Whose key asked for it; null: the server's own user. */
  submitted_by: string | null;
  message: string;
  labels: Record<string, string>;
  env: Record<string, string>;
  secrets: Record<string, string>;
  shell: Record<string, string>;
  /** An environment of the engine's machine, used as it is; null: one is built. */
  python_env: string | null;
  /** No environment that is there already is taken. */
  rebuild: boolean;
  /** How pods see inputs and outputs; null: as the engine's settings say. */
  storage: 'folder' | 's3' | null;
  /** Whose containers pods run in; null: as the engine's settings say. */
  container: ContainerProgram | 'none' | null;
  engine: EngineWishes;
  /** Whether it may run on the embedded engine, where a pod has the rights of the server's user. */
  may_run_here: boolean;
  /** What only the present state of the engine speaks against is a notice. */
  force: boolean;
  keep: boolean;
  /** Whom it tells when it is over. */
  notify: readonly KeptTarget[];
  /** `VCS_*` facts of the commit; empty for a directory. */
  vcs: Record<string, string>;
  resubmit_of: string | null;
  /** Null: it belongs to no sweep. */
  sweep: SweepPlace | null;
}

/** What of a submission follows from who submits it, and to which project. */
export type OfCaller = Pick<CompleteSubmission, 'may_run_here' | 'submitted_by' | 'rules'>;

/** A complete snapshot, opened by those who look into it. */
export interface SubmittedFiles {
  digest: string;
  open(): Promise<SnapshotReader>;
}

export interface EngineWishes {
  /** `--engine` or `AICHOR_ENGINE`; beats the manifest's `spec.engineName`. */
  asked: string | null;
  /** `context set engine`, or the server's default; the manifest beats it. */
  preferred: string | null;
}

/** A submission whose manifest was read: all that an experiment begins with beside it. */
export interface Prepared {
  /** Name of the engine. */
  engine: string;
  manifest_path: string;
  /** The manifest's text; empty when there is none. */
  manifest: string;
  /** Null when the manifest cannot be used: such an experiment has ended. */
  plan: Plan | null;
  /** What is known beside the plan: notices; for a bad commit its end. */
  facts: ExperimentFact[];
}

/** The experiment that a submission became. */
export interface Accepted {
  summary: ExperimentSummary;
  /** False: this idempotency key had made it before. */
  created: boolean;
}

/** Throws `usage` for a name used for both: it would be left to chance which value a pod sees. */
export function refuseDoubleNames(env: Record<string, string>, secrets: Record<string, string>): void {
  const both = Object.keys(env).filter((name) => Object.hasOwn(secrets, name));
  if (both.length === 0) return;
  throw new AichorError('usage', `${both.join(', ')} is given both by --env and by --secret`, {
    hint: 'give each name once',
  });
}
