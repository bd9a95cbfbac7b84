/** Where an experiment is. The order is the order of its life; the last three are terminal. */
export const STATUSES = [
  'Waiting',
  'Cloning',
  'Building',
  'Submitting',
  'Running',
  'Succeeded',
  'Failed',
  'Cancelled',
] as const;
export type Status = (typeof STATUSES)[number];

/** The steps an experiment goes through; a record names the last one it reached. */
export const STEPS = ['wait', 'clone', 'build', 'submit', 'run'] as const;
export type Step = (typeof STEPS)[number];

export const POD_STATUSES = ['Pending', 'Running', 'Succeeded', 'Failed', 'Stopped'] as const;
export type PodStatus = (typeof POD_STATUSES)[number];

/** Why an experiment or a pod is where it is. One closed list for every engine. */
export const REASONS = [
  'ManifestInvalid',
  'RepositoryInvalid',
  'CloneFailed',
  'BuildFailed',
  'ImageNotFound',
  'EngineUnavailable',
  'Unschedulable',
  'CommandNotFound',
  'CommandNotExecutable',
  'NonZeroExit',
  'Killed',
  'OutOfMemory',
  'DeadlineExceeded',
  'Evicted',
  'BackoffLimitExceeded',
  'StoppedWithExperiment',
  'EngineLost',
  'RemovedOutside',
  'CancelledByUser',
  'DiskFull',
  'StartFailed',
] as const;
export type Reason = (typeof REASONS)[number];

export type TerminalStatus = Extract<Status, 'Succeeded' | 'Failed' | 'Cancelled'>;

const TERMINAL: ReadonlySet<Status> = new Set(['Succeeded', 'Failed', 'Cancelled']);

export function isTerminal(status: Status): status is TerminalStatus {
  return TERMINAL.has(status);
}

const POD_TERMINAL: ReadonlySet<PodStatus> = new Set(['Succeeded', 'Failed', 'Stopped']);

export function isPodTerminal(status: PodStatus): boolean {
  return POD_TERMINAL.has(status);
}
