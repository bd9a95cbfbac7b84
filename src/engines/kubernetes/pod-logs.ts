import type { Notice } from '../../experiment/record.ts';
import type { LogSource } from '../../logs/line.ts';
import type { LogSink } from '../engine.ts';
import type { Cluster } from './cluster.ts';
import type { EngineLog } from './engine-log.ts';

/** One container of one pod object, and one start of it. */
export interface ContainerKey {
  /** Of the pod object. */
  uid: string;
  container: string;
  /** How often the container had been started before, in this pod (`restartCount`). */
  restart: number;
}

/** A container whose log is wanted. */
export interface LoggedContainer extends ContainerKey {
  /** Name of the pod object. */
  objectName: string;
  source: LogSource;
  /**
   * It may print again what an earlier one of the same source printed (a submitter that was started again): what is
   * the same is not taken twice.
   */
  repeats?: boolean;
}

/** The logs of an experiment's containers, each byte of each once, whatever dies when. */
export interface PodLogs {
  /**
   * Reads the log of a container that has started, to its end. Idempotent. Several of the same source are read one
   * after the other, in the order of these calls (which should be that of their creation).
   */
  follow(container: LoggedContainer): void;
  /**
   * The container (followed before) has ended, or its pod is gone: resolves when its log was read to its end and its
   * source is closed. What cannot be read is given up after a minute without a byte, and told by `onProblem`.
   * Idempotent; rejects with what the sink or the disk threw.
   */
  settle(container: ContainerKey): Promise<void>;
  /** The server leaves: stops at once, wherever it is. What was read is on disk, a later `follow` goes on there. */
  close(): Promise<void>;
  /** The experiment has ended: settles every container that is followed. */
  end(): Promise<void>;
}

export interface PodLogsOptions {
  cluster: Cluster;
  sink: LogSink;
  /** Where positions are kept: private, of this experiment; made if need be. */
  directory: string;
  log: EngineLog;
  now: () => Date;
  /** What users should know: something of a log is missing, or cannot be read now. */
  onProblem: (problem: Notice) => void;
}

export declare function createPodLogs(options: PodLogsOptions): PodLogs;
