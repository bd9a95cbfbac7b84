import * as z from 'zod';
import { count, filledText, optional, required, textMap } from './field.ts';

const tensorboard = z.strictObject({
  enabled: optional(z.boolean(), 'Run TensorBoard for this experiment.', false),
  usePVC: optional(
    z.strictObject({
      enabled: optional(z.boolean(), 'Keep the events on an attached PVC.', false),
      name: optional(filledText(), 'Name of a PVC in `storage.attachExistingPVCs`.'),
    }),
    'Where the events are kept, instead of the outputs bucket.',
  ),
});

const storage = z.strictObject({
  sharedVolume: optional(
    z.strictObject({
      mountPoint: required(filledText(), 'Absolute path in every pod.'),
      sizeGB: required(count(1), 'Size in GB.'),
      storageClass: optional(filledText(), "Storage class; left out: the engine's default."),
      accessMode: optional(
        z.enum(['ReadWriteOnce', 'ReadWriteOncePod', 'ReadOnlyMany', 'ReadWriteMany']),
        'Who may mount it at the same time.',
      ),
    }),
    'A volume that all pods share; deleted when the experiment ends.',
  ),
  attachExistingPVCs: optional(
    z.array(
      z.strictObject({
        name: required(filledText(), 'Name or id of the PVC.'),
        mountPoint: required(filledText(), 'Absolute path in every pod.'),
      }),
    ),
    'Volumes that exist already and outlive the experiment.',
  ),
});

const debug = z.strictObject({
  vscode: optional(
    z.strictObject({
      enabled: required(z.boolean(), 'Start a tunnel instead of the command.'),
      path: optional(filledText(), 'The VS Code (or Cursor) command-line program in the image.', 'code'),
      provider: optional(
        z.enum(['github', 'microsoft']),
        'Account that the tunnel is opened with.',
        'github',
      ),
    }),
    'Work in the pod with VS Code or Cursor.',
  ),
  jupyter: optional(
    z.union([
      z.boolean(),
      z.strictObject({
        enabled: required(z.boolean(), 'Start a Jupyter server instead of the command.'),
        path: optional(filledText(), 'The Jupyter program in the image.', 'jupyter'),
      }),
    ]),
    'Work in the head pod with Jupyter; kuberay only.',
  ),
});

const gracefulTermination = z.strictObject({
  shutdownCommand: required(
    z.array(z.string()).min(1),
    'Program and arguments that run in each pod before it is stopped.',
  ),
  terminationGracePeriodSeconds: required(
    count(0),
    'Time for the shutdown command and the handling of SIGTERM together.',
  ),
});

const securityContext = z.strictObject({
  perfmon: optional(z.boolean(), 'Grant CAP_PERFMON, for profilers.', false),
  ptrace: optional(
    z.boolean(),
    'Grant CAP_SYS_PTRACE, for debuggers; ignored where it is not allowed.',
    false,
  ),
  runAsUser: optional(count(0), 'User id of the processes.'),
  runAsGroup: optional(count(0), 'Group id of the processes.'),
  fsGroup: optional(count(0), 'Group that owns mounted volumes.'),
});

const restartPolicy = z.strictObject({
  backoffLimit: optional(count(0), 'How often the experiment is started again after a failure.', 0),
});

/** The keys of `spec` that every operator has, `operator` and `types` apart. */
export const commonSpec = {
  image: required(filledText(), 'Name of the image; the same as `builder.image`.'),
  command: required(filledText(), "What each pod runs, by a shell; replaces the image's entrypoint."),
  timeout: optional(
    z.string(),
    'Longest run time: weeks, days, hours, minutes, seconds, for example `1d 12h`.',
  ),
  activeDeadlineSeconds: optional(count(1), 'Longest run time in seconds; `timeout` wins over it.'),
  engineName: optional(filledText(), "Engine to run on instead of the project's default."),
  queuePriority: optional(
    filledText(),
    "Kueue's WorkloadPriorityClass in the engine's queue, instead of the engine's own.",
  ),
  env: optional(textMap(), 'Environment variables of every pod. Values are texts: quote numbers.'),
  tensorboard: optional(tensorboard, 'TensorBoard beside the experiment.'),
  storage: optional(storage, 'Volumes.'),
  debug: optional(debug, 'Interactive sessions instead of the command.'),
  gracefulTermination: optional(gracefulTermination, 'What happens before pods are stopped.'),
  restartPolicy: optional(restartPolicy, 'What happens after a failure.'),
  securityContext: optional(securityContext, 'User, groups and capabilities.'),
};
