import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Container, PodSpec, VolumeMount } from 'kubernetes-types/core/v1.js';
import { buildArguments, DOCKER_CONFIG, VARIABLES_FOLDER, WORKSPACE } from './build-arguments.ts';
import { experimentLabels, metadataOf, nameOf, type Rendering } from './rendering.ts';

const TTL_SECONDS = 86_400;
/** User of the rootless BuildKit image. */
const BUILD_USER = 1000;

/**
 * The Job that builds and pushes the image: it fetches the snapshot as an archive, through an address that stands
 * in a Secret, and builds with rootless BuildKit. Null when the image of an earlier experiment is used.
 */
export function renderBuildJob(rendering: Rendering): Job | null {
  if (rendering.plan.builder.skip_build !== null) return null;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadataOf(rendering, 'build'),
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 0,
      activeDeadlineSeconds: rendering.settings.build.deadline_s,
      ttlSecondsAfterFinished: TTL_SECONDS,
      template: {
        metadata: { labels: { ...experimentLabels(rendering), 'aichor.io/component': 'build' } },
        spec: podSpec(rendering),
      },
    },
  };
}

function podSpec(rendering: Rendering): PodSpec {
  const { push_secret, variables_secret } = rendering.settings.build;
  const login = { secretName: push_secret ?? '', items: [{ key: '.dockerconfigjson', path: 'config.json' }] };
  return {
    restartPolicy: 'Never',
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    securityContext: { runAsUser: BUILD_USER, runAsGroup: BUILD_USER, fsGroup: BUILD_USER },
    initContainers: [fetchContainer(rendering)],
    containers: [buildContainer(rendering)],
    volumes: [
      { name: 'workspace', emptyDir: {} },
      { name: 'state', emptyDir: {} },
      ...(push_secret === null ? [] : [{ name: 'login', secret: login }]),
      ...(variables_secret === null ? [] : [{ name: 'variables', secret: { secretName: variables_secret } }]),
    ],
  };
}

/** BuildKit's image has a shell, wget and tar. */
function fetchContainer(rendering: Rendering): Container {
  const address = { secretKeyRef: { name: nameOf(rendering, 'build'), key: 'context-url' } };
  return {
    name: 'fetch',
    image: rendering.settings.build.image,
    command: ['/bin/sh', '-ec'],
    args: [`wget -q -O /tmp/context.tar.gz "$CONTEXT_URL" && tar -xzf /tmp/context.tar.gz -C ${WORKSPACE}`],
    env: [{ name: 'CONTEXT_URL', valueFrom: address }],
    resources: { requests: { cpu: '100m', memory: '128Mi' } },
    volumeMounts: [workspaceMount()],
  };
}

function buildContainer(rendering: Rendering): Container {
  const { image, push_secret, variables_secret } = rendering.settings.build;
  return {
    name: 'build',
    image,
    command: ['buildctl-daemonless.sh'],
    args: buildArguments(rendering),
    env: [
      { name: 'BUILDKITD_FLAGS', value: '--oci-worker-no-process-sandbox' },
      ...(push_secret === null ? [] : [{ name: 'DOCKER_CONFIG', value: DOCKER_CONFIG }]),
    ],
    resources: { requests: { cpu: '1', memory: '2Gi', 'ephemeral-storage': '10Gi' } },
    securityContext: {
      seccompProfile: { type: 'Unconfined' },
      runAsUser: BUILD_USER,
      runAsGroup: BUILD_USER,
    },
    volumeMounts: [
      workspaceMount(),
      { name: 'state', mountPath: '/home/user/.local/share/buildkit' },
      ...(push_secret === null ? [] : [{ name: 'login', mountPath: DOCKER_CONFIG, readOnly: true }]),
      ...(variables_secret === null
        ? []
        : [{ name: 'variables', mountPath: VARIABLES_FOLDER, readOnly: true }]),
    ],
  };
}

function workspaceMount(): VolumeMount {
  return { name: 'workspace', mountPath: WORKSPACE };
}
