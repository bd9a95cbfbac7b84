import type { EnvOrigin, EnvSource, EnvVariable, Group, Plan } from '../experiment/plan/plan.ts';
import type { SweepPlace } from '../experiment/record.ts';
import type { Builder, CommonSpec, Manifest } from '../manifest/manifest.ts';
import { DEBUG_SECONDS, debugCommand } from './command/debug-command.ts';
import { isOverridable, isSetByController, literal, runField, type InjectedName } from './environment.ts';
import { distribute } from './distribution/distribute.ts';
import { refuseProtected, refuseProtectedVariables } from './protected.ts';

/** What a submission adds to a manifest. */
export interface SubmissionFacts {
  message: string;
  project: string;
  /** `--env` over `--env-file`, merged. */
  env: Record<string, string>;
  /** Which flag gave a variable, where it was another one. */
  given_by?: Readonly<Record<string, string>>;
  /** Names only; the values never come near a plan. */
  secrets: string[];
  /** Variables of the project, below all others; of those that nobody may read, names only. */
  project_env?: Record<string, string>;
  project_secrets?: string[];
  /** Arguments of the build that the project gives, below the manifest's. */
  project_build_args?: Record<string, string>;
  /** `VCS_*` variables of the commit; empty for a directory. */
  vcs: Record<string, string>;
  /** Of a sweep: its name, and which point and repeat of it this is. */
  sweep?: SweepPlace | null;
}

/**
 * The plan of a manifest: what its operator makes of it, and the parts common to all.
 *
 * Variables of a pod, in order: the operator's own, `AICHOR_*` and `VCS_*`, the project's, `spec.env`, the
 * submission's, its secrets, the command. A name stands once: of two given the later one wins, and over those of ours that allow it.
 *
 * @throws AichorError `manifest_invalid` for protected names in `spec.env`, `submission.env` and secrets
 */
export function planManifest(manifest: Manifest, submission: SubmissionFacts): Plan {
  const { spec } = manifest;
  refuseProtected(Object.keys(spec.env), spec.operator, 'spec.env');
  refuseProtectedVariables(submission, spec.operator);
  refuseProtected(submission.secrets, spec.operator, '--secret');
  const { groups, coordinator, firstPod } = distribute(spec);
  const given = userVariables(spec, submission);
  return {
    operator: spec.operator,
    command: debugCommand(spec.debug, firstPod) ?? spec.command,
    groups: groups.map((group) => withCommonVariables(group, spec, { submission, given })),
    coordinator_port: coordinator?.port ?? null,
    coordinator_pod: coordinator?.pod ?? null,
    timeout_s: timeoutOf(spec),
    backoff_limit: spec.restartPolicy.backoffLimit,
    graceful_termination: spec.gracefulTermination && {
      shutdown_command: spec.gracefulTermination.shutdownCommand,
      grace_s: spec.gracefulTermination.terminationGracePeriodSeconds,
    },
    engine_name: spec.engineName,
    ...(spec.queuePriority !== null && { queue_priority: spec.queuePriority }),
    ray_version: 'rayVersion' in spec ? spec.rayVersion : null,
    builder: planBuilder(manifest.builder, submission.project_build_args ?? {}),
    image: spec.image,
    ...planSurroundings(spec),
  };
}

function timeoutOf({ debug, timeoutSeconds }: CommonSpec): number | null {
  if (debug.jupyter === null && debug.vscode === null) return timeoutSeconds;
  return Math.min(timeoutSeconds ?? DEBUG_SECONDS, DEBUG_SECONDS);
}

function planSurroundings(spec: CommonSpec): Pick<Plan, 'storage' | 'tensorboard' | 'debug' | 'security'> {
  const { sharedVolume, attachExistingPVCs } = spec.storage;
  return {
    storage: {
      shared_volume: sharedVolume && {
        mount_point: sharedVolume.mountPoint,
        size_gb: sharedVolume.sizeGB,
        storage_class: sharedVolume.storageClass,
        access_mode: sharedVolume.accessMode,
      },
      attached: attachExistingPVCs.map(({ name, mountPoint }) => ({ name, mount_point: mountPoint })),
    },
    tensorboard: { enabled: spec.tensorboard.enabled, pvc: spec.tensorboard.pvc },
    debug: spec.debug,
    security: {
      perfmon: spec.securityContext.perfmon,
      ptrace: spec.securityContext.ptrace,
      run_as_user: spec.securityContext.runAsUser,
      run_as_group: spec.securityContext.runAsGroup,
      fs_group: spec.securityContext.fsGroup,
    },
  };
}

function planBuilder(builder: Builder, args: Record<string, string>): Plan['builder'] {
  return {
    image: builder.image,
    dockerfile: builder.dockerfile,
    context: builder.context,
    build_args: { ...args, ...builder.buildArgs },
    registry: builder.registry,
    target: builder.target,
    skip_build: builder.skipBuild && {
      experiment_id: builder.skipBuild.experimentId,
      fail_if_not_found: builder.skipBuild.failIfNotFound,
    },
  };
}

interface Given {
  submission: SubmissionFacts;
  given: EnvVariable[];
}

/** What KubeRay sets it sets last: `$(NAME)` in the command cannot mean those, on either engine. */
function withCommonVariables(group: Group, spec: CommonSpec, { submission, given }: Given): Group {
  const own = group.env.filter(({ name }) => !isSetByController(name));
  const setLast = group.env.filter(({ name }) => isSetByController(name));
  const command: EnvVariable = { name: 'AICHOR_COMMAND', source: { kind: 'command' }, origin: 'aichor' };
  const restarts =
    group.role === 'pod' ? [fromAichor('AICHOR_RESTART_ATTEMPT', runField('restart-attempt'))] : [];
  const names = new Set(given.map(({ name }) => name));
  const ours = [...own, ...aichorVariables(spec, submission), ...restarts, ...vcsVariables(submission)];
  const env = [...ours.filter(({ name }) => !isOverridable(name) || !names.has(name)), ...given];
  return { ...group, env: [...env, ...(runsCommand(group) ? [command] : []), ...setLast] };
}

/** Ray workers only start Ray; its head gives its own environment on to the driver. */
function runsCommand(group: Group): boolean {
  return group.role !== 'worker-group';
}

function aichorVariables(spec: CommonSpec, submission: SubmissionFacts): EnvVariable[] {
  return [
    fromAichor('AICHOR_EXPERIMENT_ID', runField('experiment-id')),
    fromAichor('AICHOR_EXPERIMENT_MESSAGE', literal(submission.message)),
    fromAichor('AICHOR_PROJECT_ID', literal(submission.project)),
    ...sweepVariables(submission.sweep ?? null),
    fromAichor('AICHOR_INPUT_PATH', runField('input-path')),
    fromAichor('AICHOR_OUTPUT_PATH', runField('output-path')),
    ...(spec.tensorboard.enabled
      ? [
          fromAichor('AICHOR_TENSORBOARD_PATH', runField('tensorboard-path')),
          fromAichor('TENSORBOARD_LOGGING_DIR', runField('tensorboard-path')),
          fromAichor('AICHOR_LOGS_PATH', runField('logs-path')),
        ]
      : []),
    fromAichor('AWS_ENDPOINT_URL', runField('s3-endpoint')),
    fromAichor('S3_ENDPOINT', runField('s3-endpoint')),
    fromAichor('PYTHONUNBUFFERED', literal('1')),
  ];
}

function sweepVariables(sweep: SweepPlace | null): EnvVariable[] {
  if (sweep === null) return [];
  return [
    fromAichor('AICHOR_SWEEP_NAME', literal(sweep.name)),
    fromAichor('AICHOR_SWEEP_INDEX', literal(sweep.index)),
    fromAichor('AICHOR_SWEEP_REPEAT', literal(sweep.repeat)),
  ];
}

function fromAichor(name: InjectedName, source: EnvSource): EnvVariable {
  return { name, source, origin: 'aichor' };
}

/** The commit's variables; the message has its older name also where there is no commit. */
function vcsVariables({ message, vcs }: SubmissionFacts): EnvVariable[] {
  const all = { ...vcs, VCS_COMMIT_MESSAGE: vcs['VCS_COMMIT_MESSAGE'] ?? message };
  return Object.entries(all).map(([name, value]) => ({ name, source: literal(value), origin: 'vcs' }));
}

function userVariables(spec: CommonSpec, submission: SubmissionFacts): EnvVariable[] {
  const byName = new Map<string, EnvVariable>();
  const hidden = (names: readonly string[], origin: EnvOrigin) =>
    names.map((name): EnvVariable => ({ name, source: { kind: 'secret' }, origin }));
  for (const variable of [
    ...literals(submission.project_env ?? {}, 'project'),
    ...hidden(submission.project_secrets ?? [], 'project'),
    ...literals(spec.env, 'spec.env'),
    ...literals(submission.env, 'submission'),
    ...hidden(submission.secrets, 'secret'),
  ]) {
    byName.delete(variable.name);
    byName.set(variable.name, variable);
  }
  return [...byName.values()];
}

function literals(env: Record<string, string>, origin: EnvOrigin): EnvVariable[] {
  return Object.entries(env).map(([name, value]) => ({ name, source: literal(value), origin }));
}
