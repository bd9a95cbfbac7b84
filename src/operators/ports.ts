/** Port the coordinator listens on by convention; documented to users, who write it into their code. */
export const COORDINATOR_PORTS = { jax: 1234, pytorch: 23456, xgboost: 9999, kuberay: 6379 } as const;

/** Further ports of a Ray head, as `ray start` takes them by default. */
export const RAY_DASHBOARD_AGENT_PORT = 52365;
export const RAY_DASHBOARD_PORT = 8265;
export const RAY_METRICS_PORT = 8080;

export const JUPYTER_PORT = 8888;
/** Where inputs and outputs are served as buckets, when it is free. */
export const BUCKETS_PORT = 9000;
export const TENSORBOARD_PORT = 6006;
