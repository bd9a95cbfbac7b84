/** How one cluster wants things; everything a plan cannot know. `DEFAULT_SETTINGS` asks nothing special of it. */
export interface KubernetesSettings {
  namespace: string | null;
  /** Before the image's name, where the manifest names no registry. */
  registry: string | null;
  pull_secret: string | null;
  /** Secret whose keys become variables of every pod; `spec.env` wins over it. */
  project_secret: string | null;
  /** Kueue's local queue. */
  queue: string | null;
  /** Kueue's WorkloadPriorityClass; null: the queue's own rule. */
  queue_priority: string | null;
  selectors: Record<string, string>;
  /** Whether pods that say nothing else go to on-demand nodes, where nodes carry Karpenter's label. */
  on_demand: boolean;
  /** Whether nodes come when they are needed: what none of the present ones fits is a notice then, no refusal. */
  autoscaling: boolean;
  /** Null: the cluster's own rule. */
  image_pull_policy: 'Always' | 'IfNotPresent' | 'Never' | null;
  /** How long the workload of an ended experiment stays to be looked at, in seconds. */
  ttl_s: number;
  /** How long a container that the cluster added may go on after the command has ended, in seconds. */
  sidecar_grace_s: number;
  gpu: {
    product_label: string;
    /** `mixed`: a MIG slice is a resource of its own; `single`: only the product label tells. */
    mig: 'single' | 'mixed';
  };
  rdma: { resource_prefix: string; network_annotation: boolean; ipc_lock: boolean };
  /** The Pod Security level that the namespace enforces and pods have to be made for; null: what it asks for is not said. */
  pod_security: 'restricted' | null;
  /** Whether `securityContext.ptrace` is granted; else it is ignored in silence. */
  allow_ptrace: boolean;
  /** Claim of an attached PVC by the name in the manifest; a name that is not listed is the claim's own. */
  claims: Record<string, string>;
  /** Of shared volumes for which the manifest names none; null: the cluster's default. */
  storage_class: string | null;
  storage: {
    /** Both end in `/`; `{project}` and `{experiment}` are replaced. */
    input: string;
    output: string;
    s3_endpoint: string | null;
    /** Profile of `~/.aws` by which the control plane reads and writes there; null: what it finds. Pods do not have it. */
    profile: string | null;
  };
  tensorboard_image: string;
  /** Of Ray's history server, as browsers reach it; null: there is none. */
  ray_history_url: string | null;
  build: {
    image: string;
    push_secret: string | null;
    /** Secret with the key `.env`: the build-time variables of the project. */
    variables_secret: string | null;
    deadline_s: number;
    /** Registries by host, each with what is asked before it: hosts, with a path where a mirror has one. */
    mirrors: Record<string, string[]>;
    /** Hosts that are spoken to over plain HTTP, or whose certificate nobody vouches for. */
    insecure_registries: string[];
    /** ConfigMap (`NAME` or `NAME/KEY`) with the authority of the company's own certificates; its key is `ca.crt`. */
    ca: string | null;
    /** ConfigMap with a whole `buildkitd.toml`, in place of `mirrors` and `insecure_registries`. */
    config_map: string | null;
    /** Where pip and uv look for packages, without a login. */
    index_url: string | null;
    /** Secrets of the build by their id, each `NAME` (its key is the id) or `NAME/KEY`. */
    secrets: Record<string, string>;
  };
}

export const DEFAULT_SETTINGS: KubernetesSettings = {
  namespace: null,
  registry: null,
  pull_secret: null,
  project_secret: 'aichor-project-env',
  queue: null,
  queue_priority: null,
  selectors: {},
  on_demand: true,
  autoscaling: false,
  image_pull_policy: null,
  ttl_s: 86_400,
  sidecar_grace_s: 30,
  gpu: { product_label: 'nvidia.com/gpu.product', mig: 'single' },
  rdma: { resource_prefix: 'rdma', network_annotation: false, ipc_lock: false },
  pod_security: null,
  allow_ptrace: false,
  claims: {},
  storage_class: null,
  storage: {
    input: 's3://{project}-inputs/',
    output: 's3://{project}-outputs/output/{experiment}/',
    s3_endpoint: null,
    profile: null,
  },
  tensorboard_image: 'tensorflow/tensorflow:2.18.0',
  ray_history_url: null,
  build: {
    image: 'moby/buildkit:rootless',
    push_secret: null,
    variables_secret: null,
    deadline_s: 7200,
    mirrors: {},
    insecure_registries: [],
    ca: null,
    config_map: null,
    index_url: null,
    secrets: {},
  },
};
