import { containerSecurity, restrictedPod } from './pod/security.ts';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Container, EnvVar, PodTemplateSpec, Service, Volume } from 'kubernetes-types/core/v1.js';
import { escapeLiteral } from '../../operators/command/expand.ts';
import { TENSORBOARD_PORT } from '../../operators/ports.ts';
import { absolute, metadataOf, pathsOf, type Rendering } from './rendering.ts';
import { claimOf } from './pod/volumes.ts';

/**
 * TensorBoard beside the experiment, not inside its pods: it outlives them, and there is one of it however many
 * pods there are. Empty when the manifest does not enable it.
 */
export function renderTensorBoard(rendering: Rendering): [Deployment, Service] | [] {
  const { tensorboard: logs } = pathsOf(rendering);
  if (logs === null) return [];
  const metadata = metadataOf(rendering, 'tensorboard');
  const labels = { ...metadata.labels, 'aichor.io/component': 'tensorboard' };
  return [deployment(rendering, { ...metadata, labels }, logs), service({ ...metadata, labels })];
}

/**
 * TensorBoard for an experiment that has ended: a Job, because that ends by itself after these seconds, whatever
 * becomes of the control plane, and is gone then. Null when the manifest does not enable it.
 */
export function renderTensorBoardAgain(rendering: Rendering, seconds: number): Job | null {
  const { tensorboard: logs } = pathsOf(rendering);
  if (logs === null) return null;
  const metadata = metadataOf(rendering, 'tensorboard');
  const labels = { ...metadata.labels, 'aichor.io/component': 'tensorboard' };
  const { spec, ...template } = podTemplate(rendering, { ...metadata, labels }, logs);
  if (spec === undefined) throw new RangeError('a pod without a spec');
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...metadata, labels },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 2,
      activeDeadlineSeconds: seconds,
      ttlSecondsAfterFinished: 0,
      template: { ...template, spec: { restartPolicy: 'Never', ...spec } },
    },
  };
}

/** Its image has no user of its own; any can read what experiments write. */
const NOBODY = 65_534;

type Metadata = ReturnType<typeof metadataOf>;

function deployment(rendering: Rendering, metadata: Metadata, logs: string): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas: 1,
      selector: { matchLabels: metadata.labels },
      strategy: { type: 'Recreate' },
      template: podTemplate(rendering, metadata, logs),
    },
  };
}

function podTemplate(rendering: Rendering, { labels }: Metadata, logs: string): PodTemplateSpec {
  const volume = eventsVolume(rendering);
  return {
    metadata: { labels },
    spec: {
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      ...(rendering.settings.pod_security !== null && {
        securityContext: { ...restrictedPod(rendering), runAsUser: NOBODY },
      }),
      containers: [container(rendering, logs, volume?.mountPath ?? null)],
      ...(volume ? { volumes: [volume.volume] } : {}),
    },
  };
}

function container({ settings }: Rendering, logs: string, mountPath: string | null): Container {
  const { s3_endpoint } = settings.storage;
  const env: EnvVar[] =
    s3_endpoint === null ? [] : [{ name: 'AWS_ENDPOINT_URL', value: escapeLiteral(s3_endpoint) }];
  return {
    name: 'tensorboard',
    image: settings.tensorboard_image,
    command: ['tensorboard'],
    args: [
      `--logdir=${escapeLiteral(logs)}`,
      '--host=0.0.0.0',
      `--port=${TENSORBOARD_PORT}`,
      '--reload_multifile=true',
    ],
    ports: [{ name: 'http', containerPort: TENSORBOARD_PORT, protocol: 'TCP' }],
    ...(env.length > 0 ? { env } : {}),
    ...(settings.project_secret === null
      ? {}
      : { envFrom: [{ secretRef: { name: settings.project_secret, optional: true } }] }),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    ...containerSecurity({ settings }),
    readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 5 },
    resources: { requests: { cpu: '100m', memory: '512Mi' }, limits: { cpu: '1', memory: '2Gi' } },
    ...(mountPath === null ? {} : { volumeMounts: [{ name: 'events', mountPath, readOnly: true }] }),
  };
}

function eventsVolume(rendering: Rendering): { volume: Volume; mountPath: string } | null {
  const { storage, tensorboard } = rendering.plan;
  const attached = storage.attached.find(({ name }) => name === tensorboard.pvc);
  if (!attached) return null;
  const claimName = claimOf(rendering, attached.name);
  return {
    volume: { name: 'events', persistentVolumeClaim: { claimName } },
    mountPath: absolute(attached.mount_point),
  };
}

function service(metadata: Metadata): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: {
      type: 'ClusterIP',
      selector: metadata.labels,
      ports: [{ name: 'http', port: TENSORBOARD_PORT, targetPort: 'http', protocol: 'TCP' }],
    },
  };
}
