import type { EngineKind } from '../operators/engine-kinds.ts';
import type { ExperimentFact } from '../experiment/event.ts';
import type { ServiceName } from '../experiment/link.ts';
import type { ContainerProgram, Plan } from '../experiment/plan/plan.ts';
import type { QueueLimits } from '../experiment/queue.ts';
import type { Notice } from '../experiment/record.ts';
import type { Totals } from '../experiment/plan/totals.ts';
import type { LogSource } from '../logs/line.ts';
import type { Finding } from '../manifest/diagnostic.ts';
import type { NoAccess, ObjectAccess } from '../object-store/client/access.ts';

/**
 * The port through which the control plane has plans carried out. An engine knows nothing of HTTP, of the
 * store, or of other experiments. Its contract:
 *
 * 1. Everything is level-triggered: `build` and `run` may be called again for the same experiment after the
 *    server died at any point; they find what is there (finished build, running pods, exit codes) and go on.
 *    Never is a pod started twice for the same attempt.
 * 2. `run` yields facts (`attempt`, `pod`, `progress`, `notice`, `link`, `workdir`, `failure`), each once per
 *    change; after a re-run the present state of every pod first. It ends (returns) when nothing of the
 *    experiment runs any more and every byte of its logs has been handed to `logs`. Where the logs take long it yields
 *    `ended` as soon as nothing runs any more; what it yields after that counts only where it is a `notice`.
 * 3. A `failure` fact carries the reason and the explanation for users; it precedes the stopping of the other
 *    pods (`StoppedWithExperiment`). Restarts within `backoff_limit` are the engine's.
 * 4. Aborting `stop` means: end the experiment, gently first (grace), then firmly. `run` still yields what
 *    happens and returns at the end. A stop that comes when all has ended changes nothing.
 * 5. Aborting `detach` means: the server goes away. `run` returns at once and touches nothing.
 * 6. Lines of one pod keep their order; across pods none is promised.
 * 7. Failures a user can act on are `failure` facts, `ExperimentFailure` or `AichorError`; anything else thrown is a bug.
 * 8. `discard` removes what the engine keeps on disk or in the cluster for an ended experiment; idempotent. What
 *    may be looked at for a while after the end (a finished workload in the cluster) goes when it is deleted.
 */
export interface Engine {
  readonly name: string;
  readonly kind: EngineKind;
  /**
   * Refuses (AichorError `engine_unavailable`) what this engine can never run; notices for the rest. With `force`,
   * what only the present state of the engine speaks against is a notice too. Findings about places of the manifest are
   * its diagnostics.
   */
  check(plan: Plan, options: { force: boolean }): Promise<Notice[]>;
  /** What it lacks at present for a plan, each at its place in the manifest. Absent: nothing but what `check` says. */
  fit?(plan: Plan): Promise<Finding[]>;
  /** What there is in all, for users. Never throws: what cannot be reached is not `healthy`. */
  capacity(): Promise<EngineCapacity>;
  /** What the queue keeps to; all null where somebody else queues. */
  limits(): Promise<QueueLimits>;
  /** How pods see inputs and outputs when nothing is said. Absent: there is one way only. */
  readonly storage?: 'folder' | 's3';
  /** The program whose containers pods run in when nothing is said; null: they are processes. Absent: it has no such choice. */
  readonly container?: ContainerProgram | null;
  /** Where an experiment reads and writes; `plan` is null when it could not be made. */
  paths(experiment: ExperimentPlace): ExperimentPaths;
  build(context: BuildContext): Promise<BuildResult>;
  run(context: RunContext): AsyncIterable<ExperimentFact>;
  /**
   * Goes on with what a `run` that said `ended`, or that failed, had left to do when the server died; nothing, where nothing
   * is left. Nothing is begun. Absent: its `run` never says so.
   */
  collect?(context: RunContext): AsyncIterable<ExperimentFact>;
  /** What the pods of an experiment that runs take at present, those that it knows of. Absent: it cannot say. */
  usage?(experimentId: string): Promise<PodUsage[]>;
  /** What pods of an experiment have for the object store that its paths lead to. Absent: they lead to folders. */
  objectAccess?(pods: ObjectPods): Promise<ObjectAccess | NoAccess>;
  /** Where all of a project is, as `paths` has it; outputs are null where they cannot be told from those of others. Absent: here. */
  projectPaths?(project: string): { inputs: string; outputs: string | null };
  /** Seconds since the first pods of an experiment that runs were started, by a clock that does not jump; null: not known. */
  elapsed?(experimentId: string): number | null;
  discard(experimentId: string, why: 'ended' | 'deleted'): Promise<void>;
  /** Packages that a build has installed, with their versions; null: not known any more. Absent: they are in an image. */
  packages?(build: BuildResult): Promise<Record<string, string> | null>;
  /** Images of containers that were built on this machine; absent: none ever are. */
  images?: KeptImages;
  /** Starts TensorBoard for an experiment that has ended; its address, or `REACHED`. Absent: this engine cannot. */
  openTensorBoard?(context: TensorBoardContext): Promise<string>;
  /** Where the Ray cluster of an experiment that has ended is shown; null: nowhere that it knows of. Absent: it never is. */
  rayHistory?(experimentId: string): string | null;
  /**
   * Opens a connection (a Duplex) to a service of an experiment: what stands behind links that are `REACHED`. Throws
   * AichorError `not_found` when it is not there. Absent: this engine's links lead somewhere by themselves.
   */
  reach?(experimentId: string, name: ServiceName): Promise<NodeJS.ReadWriteStream>;
  /**
   * Runs a command in a pod that runs, beside the pod's own: in its folder, with its variables, mounts and processes; it ends with
   * the pod. Throws AichorError `conflict` when the pod does not run (any longer). Absent: this engine cannot.
   */
  exec?(experimentId: string, request: ExecRequest): Promise<ExecSession>;
  /** Lets go of connections and timers, when the server goes or the engine is taken away; nothing is asked of it then. */
  close?(): Promise<void>;
}

/** Images that an engine built and keeps, for whoever needs the room that they take. */
export interface KeptImages {
  /** All of them. `unanswered`: programs that did not say which they have, with what they said instead. */
  list(): Promise<{ images: KeptImage[]; unanswered: string[] }>;
  /** Removes one; false: a container still uses it. */
  remove(image: KeptImage): Promise<boolean>;
}

export interface KeptImage {
  /** That keeps it. */
  program: ContainerProgram;
  /** 64 hex digits, as a build's result has it. */
  id: string;
  /** Those that it was built for: the same files make the same image. */
  experiments: string[];
  /** ISO 8601. */
  created_at: string;
}

/** What pods are given, as far as it has to do with an object store. */
export interface ObjectPods {
  /** Null: not of one experiment, but of a project. */
  plan: Pick<Plan, 'groups'> | null;
  /** Values of secret variables; without a plan, all variables. */
  secrets: Readonly<Record<string, string>>;
  /** What their project gives every pod: an admin says that. */
  project?: Readonly<Record<string, string>>;
}

/** A command for a pod. */
export interface ExecRequest {
  /** As the plan calls it. */
  pod: string;
  command: readonly string[];
  /** Whether it is fed; else its standard input is empty. */
  stdin: boolean;
  /** A terminal of its own, of this size; null: none, and what it prints to either stream stays apart. */
  terminal: (TerminalSize & { term: string }) | null;
}

/** In characters. */
export interface TerminalSize {
  columns: number;
  rows: number;
}

/** A command that runs in a pod. */
export interface ExecSession {
  /** Ending it tells the command so; null: it is not fed. */
  readonly stdin: NodeJS.WritableStream | null;
  readonly stdout: NodeJS.ReadableStream;
  /** Null: a terminal has one stream. */
  readonly stderr: NodeJS.ReadableStream | null;
  /**
   * Its exit code, 128 + n for signal n, when both outputs have been read to their ends or are about to end. Rejects with
   * AichorError when that will never be known: it could not be run, or the connection to it broke.
   */
  readonly ended: Promise<number>;
  resize(size: TerminalSize): void;
  /** Nobody is there any more: ends it, and what it has started. */
  end(): void;
}

/** What a pod that runs takes at present; null: not known there. */
export interface PodUsage {
  pod: string;
  /** CPUs that were busy on average just now: 1.5 is one and a half. */
  cpus: number | null;
  memory_bytes: number | null;
  /** How busy its GPUs are on average, 0 to 1; null: it uses none. */
  gpu: number | null;
  /** Of GPUs; null: it uses none, or it is not known. */
  gpu_memory_bytes: number | null;
}

/** One thing that an engine needs, and whether it is there. */
export interface EngineFinding {
  name: string;
  status: 'ok' | 'warning' | 'error';
  message: string;
  hint: string | null;
}

export interface ExperimentPlace {
  id: string;
  project: string;
  plan: Pick<Plan, 'tensorboard' | 'storage'> | null;
}

/** Folders, or addresses of an object store; `input` and `output` end in `/`. */
export interface ExperimentPaths {
  input: string;
  output: string;
  tensorboard: string | null;
}

export interface TensorBoardContext {
  experimentId: string;
  project: string;
  plan: Plan;
  /** Folder of the experiment; what is written to it goes when the experiment is deleted. */
  directory: string;
  /** Folder of the events. */
  events: string;
  build: BuildResult | null;
  shell: Record<string, string>;
  /** Nobody waits for the address any more. */
  signal: AbortSignal;
}

export interface EngineCapacity {
  /** Null: unknown or unlimited. */
  cpus: number | null;
  memory_gb: number | null;
  gpus: number | null;
  max_experiments: number | null;
  healthy: boolean;
  message: string | null;
}

interface EngineContext {
  experimentId: string;
  project: string;
  plan: Plan;
  /** Reads the submitted files. */
  snapshot: SnapshotReader;
  /** Private folder of the experiment; exists; the engine may keep what it likes in it until `discard`. */
  directory: string;
  paths: ExperimentPaths;
  logs: LogSink;
  /** Values of the plan's `secret` variables. */
  secrets: Record<string, string>;
  /** The submitting shell's basics (PATH, HOME, LANG, …), already cut down to what contract 7 lets through. */
  shell: Record<string, string>;
  keep: boolean;
  stop: AbortSignal;
  detach: AbortSignal;
}

export interface BuildContext extends EngineContext {
  /** What `builder.skipBuild` refers to: the earlier experiment's build result, or null when it has none. */
  reuse: BuildResult | null;
  /** No environment that is there already is taken: what it installs is asked for anew. */
  rebuild: boolean;
  /** An environment that is there already, used as it is: its folder or its interpreter; null: build one. */
  pythonEnv: string | null;
  /** Reports what the build is doing; replaces the text before it. */
  progress(message: string): void;
}

/** Plain data that a later `run` (or another experiment's `skipBuild`) needs; stored by the control plane. */
export interface BuildResult {
  /** One line for the timeline: "environment reused", "built in 3.2 s", … */
  message: string;
  /** What pods run, by digest where that is known; absent: they run no image. Becomes part of the record. */
  image?: string;
  /** Engine-specific, JSON. */
  data: Record<string, unknown>;
  notices: Notice[];
}

export interface RunContext extends EngineContext {
  build: BuildResult;
  /** Peak of what it may use at once, as admitted by the queue. */
  admitted: Totals;
}

/** Where an engine puts what pods and steps print. Files of bytes; lines are made of them by the log store. */
export interface LogSink {
  /** The file that this source's bytes go to, created empty (0600) if need be. A process may write to it. */
  file(source: LogSource): Promise<string>;
  /**
   * Bytes were appended to these sources' files, in this order (one entry a write); they become lines. Cheap if
   * nothing is new. `sizes`: how long the files were when the last of these writes was told; what came after it
   * is left for the reports to come.
   */
  appended(sources: readonly LogSource[], sizes?: ReadonlyMap<LogSource, number>): Promise<void>;
  /** No more bytes will come from this source: an unterminated last line is given out. */
  closed(source: LogSource): Promise<void>;
}

export interface LayOutOptions {
  /** Relative paths at which files (links, empty folders) of the snapshot are wanted, by their own; absent: each at its own. */
  places?: ReadonlyMap<string, readonly string[]> | undefined;
  signal?: AbortSignal | undefined;
}

/** One thing of a snapshot. */
export type SnapshotEntry =
  /** `sha256` of its content, 64 hex digits. */
  | { path: string; kind: 'file'; executable: boolean; sha256: string }
  | { path: string; kind: 'link'; target: string }
  /** Nothing is in it. */
  | { path: string; kind: 'folder' };

/** A snapshot as an engine sees it: a listing, and a way to lay it out as files. */
export interface SnapshotReader {
  digest: string;
  bytes: number;
  /**
   * Lays the tree out in an empty directory (made if missing); nothing is ever half-there under that name. The whole
   * tree as it is, or what `places` names at the paths that it gives. Throws the signal's
   * reason when it is aborted, and leaves nothing behind.
   */
  layOut(directory: string, options?: LayOutOptions): Promise<void>;
  /**
   * The tree as a tar archive, each file (link, empty folder) at the relative paths that `places` gives for it. Its last entry is an
   * empty file of the name `last`.
   */
  pack(options: { places: (path: string) => readonly string[]; last: string }): Iterable<Uint8Array>;
  /** Content of one file by its path in the snapshot, or null. */
  read(path: string): Promise<Buffer | null>;
  /** Whether a file or link has this path. */
  has(path: string): boolean;
  /** Whether a folder has it, an empty one too. */
  hasFolder(path: string): boolean;
  /** Every path (files and links), sorted. There may be hundreds of thousands: ask for them only when all are needed. */
  paths(): readonly string[];
  /** What is at each path, sorted. */
  entries(): readonly SnapshotEntry[];
  /** Bytes of a content of it, by its SHA-256; null: it is not there. */
  sizeOf(sha256: string): number | null;
}
