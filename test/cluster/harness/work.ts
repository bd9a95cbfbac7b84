import { cluster } from './found.ts';

/** What a test says of an experiment on the cluster. */
export interface ClusterWork {
  /** For busybox's shell. */
  command: string;
  operator?: 'jax' | 'jobset' | 'kuberay' | 'pytorch' | 'xgboost';
  /** Pods of the type `worker`. Default: 1. */
  count?: number;
  /** Instead of `count`. */
  types?: Record<string, object>;
  /** More of `spec`: `restartPolicy`, `timeout`, `env`, … */
  spec?: object;
  image?: string;
}

/** So little that many fit beside each other. */
export const RESOURCES_OF_POD = { cpus: 0.05, memory: 0.03 };

/** The image has no files of the repository: the command says all. */
export function manifestText(work: ClusterWork): string {
  const { command, operator = 'jobset', count = 1, image = cluster.image } = work;
  const types = work.types ?? { worker: { count, resources: RESOURCES_OF_POD } };
  return JSON.stringify({
    kind: 'AIchorManifest',
    apiVersion: '0.2.3',
    builder: { image, dockerfile: './Dockerfile', context: '.', skipBuild: { enabled: true } },
    spec: { operator, image, command, types, ...work.spec },
  });
}
