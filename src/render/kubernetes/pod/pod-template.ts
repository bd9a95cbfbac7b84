import { graceOf } from '../../../experiment/plan/grace.ts';
import type { Container, PodSecurityContext, PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';
import type { Group } from '../../../experiment/plan/plan.ts';
import { LAUNCHER } from '../../../operators/command/launcher.ts';
import { renderEnvironment } from './environment.ts';
import { renderPlacement } from './placement.ts';
import { experimentLabels, imageOf, type Rendering } from '../rendering.ts';
import { renderResources } from './resources.ts';
import { containerSecurity, restrictedPod } from './security.ts';
import { renderVolumes } from './volumes.ts';

/** Ours on every pod until its log and exit status have been read; the engine takes it off. */
export const OBSERVED_FINALIZER = 'aichor.io/observed';

/** Pods of a job: the main container runs the user's command, once. */
export function renderCommandPod(rendering: Rendering, group: Group): PodTemplateSpec {
  const run = { name: 'main', command: ['/bin/sh', '-c'], args: [launcher(rendering)] };
  const container = renderContainer(rendering, group, run);
  return {
    metadata: { ...podMetadata(rendering, group), finalizers: [OBSERVED_FINALIZER] },
    spec: { restartPolicy: 'Never', ...podSpec(rendering, group, container) },
  };
}

/** Kubernetes counts the restarts of one workload: what came before it is added where the command is started. */
function launcher({ attemptsBefore = 0 }: Rendering): string {
  const added = `export AICHOR_RESTART_ATTEMPT=$((AICHOR_RESTART_ATTEMPT + ${attemptsBefore}))`;
  return attemptsBefore === 0 ? LAUNCHER : `${added}\n${LAUNCHER}`;
}

/** Pods of a Ray node: KubeRay supplies the command, and decides when a pod is made again. */
export function renderRayPod(rendering: Rendering, group: Group, containerName: string): PodTemplateSpec {
  const container = renderContainer(rendering, group, { name: containerName });
  return { metadata: podMetadata(rendering, group), spec: podSpec(rendering, group, container) };
}

function podMetadata(rendering: Rendering, group: Group): ObjectMeta {
  const annotations = networkAnnotations(rendering, group);
  return {
    labels: { ...experimentLabels(rendering), 'aichor.io/type': group.name },
    ...(annotations === null ? {} : { annotations }),
  };
}

function podSpec(rendering: Rendering, group: Group, container: Container): PodSpec {
  const { plan, settings } = rendering;
  const securityContext = podSecurity(rendering);
  const { volumes } = renderVolumes(rendering, group);
  return {
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: graceOf(plan),
    ...(settings.pull_secret === null ? {} : { imagePullSecrets: [{ name: settings.pull_secret }] }),
    ...renderPlacement(group.resources, settings, {
      onDemand: rendering.onDemand?.has(group.name) ?? false,
    }),
    ...(securityContext === null ? {} : { securityContext }),
    containers: [container],
    ...(volumes.length > 0 ? { volumes } : {}),
  };
}

function renderContainer(
  rendering: Rendering,
  group: Group,
  { name, ...command }: Pick<Container, 'name' | 'command' | 'args'>,
): Container {
  const { plan, settings } = rendering;
  const capabilities = addedCapabilities(rendering, group);
  const { volumeMounts } = renderVolumes(rendering, group);
  const shutdown = plan.graceful_termination?.shutdown_command;
  return {
    name,
    image: imageOf(rendering),
    ...(settings.image_pull_policy === null ? {} : { imagePullPolicy: settings.image_pull_policy }),
    ...command,
    env: renderEnvironment(rendering, group),
    ...(settings.project_secret === null
      ? {}
      : { envFrom: [{ secretRef: { name: settings.project_secret, optional: true } }] }),
    resources: renderResources(group.resources, settings),
    ...(volumeMounts.length > 0 ? { volumeMounts } : {}),
    ...(shutdown ? { lifecycle: { preStop: { exec: { command: shutdown } } } } : {}),
    ...containerSecurity(rendering, capabilities),
  };
}

/** Null: nothing is asked for. */
export function podSecurity(rendering: Rendering): PodSecurityContext | null {
  const { run_as_user: user, run_as_group: group, fs_group: fsGroup } = rendering.plan.security;
  const context = {
    ...restrictedPod(rendering),
    ...(user === null ? {} : { runAsUser: user }),
    ...(group === null ? {} : { runAsGroup: group }),
    ...(fsGroup === null ? {} : { fsGroup, fsGroupChangePolicy: 'OnRootMismatch' as const }),
  };
  return Object.keys(context).length > 0 ? context : null;
}

function addedCapabilities({ plan, settings }: Rendering, { resources }: Group): string[] {
  return [
    ...(plan.security.perfmon ? ['PERFMON'] : []),
    ...(plan.security.ptrace && settings.allow_ptrace ? ['SYS_PTRACE'] : []),
    ...(resources.rdma_devices.length > 0 && settings.rdma.ipc_lock ? ['IPC_LOCK'] : []),
  ];
}

function networkAnnotations({ settings }: Rendering, { resources }: Group): Record<string, string> | null {
  if (!settings.rdma.network_annotation || resources.rdma_devices.length === 0) return null;
  return { 'k8s.v1.cni.cncf.io/networks': resources.rdma_devices.join(',') };
}
