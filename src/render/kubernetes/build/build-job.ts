import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Container, PodSpec, VolumeMount } from 'kubernetes-types/core/v1.js';
import { buildArguments, builtFile, METADATA_FILE, UPLOAD_FOLDER, UPLOADED_FILE } from './build-arguments.ts';
import { CA_FOLDER, DOCKER_CONFIG, inputMounts, inputVolumes, inputWriter } from './build-inputs.ts';
import { configWriter, daemonFlags } from './daemon-config.ts';
import type { KubernetesSettings } from '../settings/settings.ts';
import { experimentLabels, metadataOf, type Rendering } from '../rendering.ts';

const TTL_SECONDS = 86_400;
/** User of the rootless BuildKit image. */
const BUILD_USER = 1000;
const GRACE_SECONDS = 10;
/** The script's own 10 are over after two seconds, which a busy node's BuildKit needs to start; these after half a minute. */
const DAEMON_TRIES = 50;

/** Containers of the build's pod, in the order in which they run. */
export const BUILD_CONTAINERS = { upload: 'upload', build: 'build' } as const;

/**
 * The Job that builds and pushes the image: it waits until the snapshot has been unpacked in it (the cluster could not
 * fetch it from a laptop), and builds with rootless BuildKit. `dockerfile` is counted from the repository's root.
 */
export function renderBuildJob(rendering: Rendering, dockerfile = builtFile(rendering)): Job {
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
        spec: podSpec(rendering, dockerfile),
      },
    },
  };
}

function podSpec(rendering: Rendering, dockerfile: string): PodSpec {
  const { pull_secret, build } = rendering.settings;
  return {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: GRACE_SECONDS,
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    ...(pull_secret === null ? {} : { imagePullSecrets: [{ name: pull_secret }] }),
    securityContext: { runAsUser: BUILD_USER, runAsGroup: BUILD_USER, fsGroup: BUILD_USER },
    initContainers: [uploadContainer(rendering)],
    containers: [buildContainer(rendering, dockerfile)],
    volumes: [{ name: 'workspace', emptyDir: {} }, { name: 'state', emptyDir: {} }, ...inputVolumes(build)],
  };
}

/** BuildKit's image has a shell and tar. What is unpacked here ends with the file that this waits for. */
function uploadContainer({ settings }: Rendering): Container {
  return {
    name: BUILD_CONTAINERS.upload,
    image: settings.build.image,
    ...pullPolicy(settings),
    command: ['/bin/sh', '-ec'],
    args: [`trap 'exit 1' TERM; until [ -e ${UPLOAD_FOLDER}/${UPLOADED_FILE} ]; do sleep 0.2; done`],
    resources: { requests: { cpu: '100m', memory: '128Mi' } },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [workspaceMount()],
  };
}

/**
 * `buildctl` replaces the file it writes metadata to, which a termination message's file does not allow. A first
 * process that waits for a child would not hear SIGTERM.
 */
const BUILD_SCRIPT = `trap 'kill $!' TERM; buildctl-daemonless.sh "$@" & wait $!; cat ${METADATA_FILE} >/dev/termination-log`;

function buildContainer(rendering: Rendering, dockerfile: string): Container {
  const { build } = rendering.settings;
  const { script, env } = configWriter(build);
  return {
    name: BUILD_CONTAINERS.build,
    image: build.image,
    ...pullPolicy(rendering.settings),
    command: ['/bin/sh', '-ec', script + inputWriter(build) + BUILD_SCRIPT, 'build'],
    args: buildArguments(rendering, dockerfile),
    env: [
      { name: 'BUILDKITD_FLAGS', value: daemonFlags(build) },
      { name: 'BUILDCTL_CONNECT_RETRIES_MAX', value: String(DAEMON_TRIES) },
      ...Object.entries(env).map(([name, value]) => ({ name, value })),
      ...(build.push_secret === null ? [] : [{ name: 'DOCKER_CONFIG', value: DOCKER_CONFIG }]),
      // Beside the authorities of the image: for registries, and for where logins to them are had.
      ...(build.ca === null ? [] : [{ name: 'SSL_CERT_DIR', value: CA_FOLDER }]),
    ],
    resources: { requests: { cpu: '1', memory: '2Gi', 'ephemeral-storage': '10Gi' } },
    securityContext: {
      seccompProfile: { type: 'Unconfined' },
      appArmorProfile: { type: 'Unconfined' },
      runAsUser: BUILD_USER,
      runAsGroup: BUILD_USER,
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { ...workspaceMount(), readOnly: true },
      { name: 'state', mountPath: '/home/user/.local/share/buildkit' },
      ...inputMounts(build),
    ],
  };
}

function workspaceMount(): VolumeMount {
  return { name: 'workspace', mountPath: UPLOAD_FOLDER };
}

function pullPolicy({ image_pull_policy: policy }: KubernetesSettings): Pick<Container, 'imagePullPolicy'> {
  return policy === null ? {} : { imagePullPolicy: policy };
}
