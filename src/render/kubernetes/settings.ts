/** How one cluster wants things; everything a plan cannot know. `DEFAULT_SETTINGS` asks nothing special of it. */
export interface KubernetesSettings {
  namespace: string | null;
  /** Before the image's name, where the manifest names no registry. */
  registry: string | null;
  pullSecret: string | null;
  /** Secret whose keys become variables of every pod; `spec.env` wins over it. */
  projectSecret: string | null;
  /** Kueue's local queue. */
  queue: string | null;
  selectors: Record<string, string>;
  gpu: {
    productLabel: string;
    /** `mixed`: a MIG slice is a resource of its own; `single`: only the product label tells. */
    mig: 'single' | 'mixed';
  };
  rdma: { resourcePrefix: string; networkAnnotation: boolean; ipcLock: boolean };
  /** Whether `securityContext.ptrace` is granted; else it is ignored in silence. */
  allowPtrace: boolean;
  /** Claim of an attached PVC by the name in the manifest; a name that is not listed is the claim's own. */
  claims: Record<string, string>;
  storage: {
    /** Both end in `/`; `{project}` and `{experiment}` are replaced. */
    input: string;
    output: string;
    s3Endpoint: string | null;
  };
  tensorboardImage: string;
  build: {
    image: string;
    pushSecret: string | null;
    /** Secret with the key `.env`: the build-time variables of the project. */
    variablesSecret: string | null;
    deadlineSeconds: number;
  };
}

export const DEFAULT_SETTINGS: KubernetesSettings = {
  namespace: null,
  registry: null,
  pullSecret: null,
  projectSecret: 'aichor-project-env',
  queue: null,
  selectors: {},
  gpu: { productLabel: 'nvidia.com/gpu.product', mig: 'single' },
  rdma: { resourcePrefix: 'rdma', networkAnnotation: false, ipcLock: false },
  allowPtrace: false,
  claims: {},
  storage: {
    input: 's3://{project}-inputs/',
    output: 's3://{project}-outputs/output/{experiment}/',
    s3Endpoint: null,
  },
  tensorboardImage: 'tensorflow/tensorflow:2.18.0',
  build: { image: 'moby/buildkit:rootless', pushSecret: null, variablesSecret: null, deadlineSeconds: 7200 },
};
