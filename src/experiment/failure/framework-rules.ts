import type { OperatorName } from '../../operators/table.ts';
import { waited, whoIsMissing, type FrameworkEnd } from './framework-end.ts';

export interface FailureRule {
  operators: readonly OperatorName[] | 'all';
  /** Where it has to stand: anywhere, or in the error that ended the pod (others may have been dealt with). */
  within?: 'last-error';
  /** What Python's last error is of, if there is one: another was the cause, whatever was printed before it. */
  errors?: RegExp;
  /** What stands in the output; its groups are given to `says`. */
  shows: RegExp;
  says: (end: FrameworkEnd, found: RegExpExecArray) => string;
}

/**
 * What frameworks print when something ends them, in the order in which it is looked for: a cause in the pod itself
 * before the signs that it waited for another. Texts of jax 0.10, torch 1.13 to 2.15, xgboost 1.7 to 3.2, Ray 2.23.
 */
export const RULES: readonly FailureRule[] = [
  {
    operators: 'all',
    within: 'last-error',
    shows: /ModuleNotFoundError: No module named '([^']+)'/,
    says: ({ pod }, [, module = '']) =>
      `${pod} imports ${module}, which the Python environment does not have; add the package to the project's dependencies (pyproject.toml, requirements.txt or the Dockerfile's install line), or the folder it is in to PYTHONPATH, or name an environment that has it with --python-env`,
  },
  {
    operators: 'all',
    shows:
      /(?:OutOfMemoryError: CUDA out of memory|RESOURCE_EXHAUSTED: Out of memory|CUDA_ERROR_OUT_OF_MEMORY)/,
    says: ({ pod }) =>
      `${pod} used up the memory of its GPU; make the batch or the model smaller, or divide it among more GPUs`,
  },
  {
    operators: ['kuberay'],
    shows: /(?:ray\.exceptions\.OutOfMemoryError|killed due to the node running low on memory)/,
    says: ({ pod }) =>
      `Ray ended tasks of the command (${pod}) because the machine was short of memory; run fewer at a time (num_cpus of the task), or give them less to hold`,
  },
  {
    operators: 'all',
    shows: /^(?:numpy\.\S*)?MemoryError\b/m,
    says: ({ pod }) =>
      `${pod} was refused more memory by the system (MemoryError); give it less to hold at once`,
  },
  {
    operators: ['jax'],
    shows: /Failed to add port to server/,
    says: ({ pod }) =>
      `${pod} (rank 0) could not listen on the coordinator's port: another process has it; take the address from JAXOPERATOR_COORDINATOR_ADDRESS instead of a fixed port, or end the other process`,
  },
  {
    operators: ['pytorch'],
    shows: /server socket has failed to listen|errno: 98 - Address already in use|EADDRINUSE/,
    says: ({ pod, rank }) =>
      `${pod} (rank ${rank}) could not listen on its port: another process has it; take the port from MASTER_PORT instead of a fixed one, or end the other process`,
  },
  {
    operators: ['xgboost'],
    shows: /Failed to bind socket/,
    says: ({ pod, rank }) =>
      `${pod} (rank ${rank}) could not start the tracker: another process has its port; take it from MASTER_PORT instead of a fixed one, or end the other process`,
  },
  {
    operators: ['kuberay'],
    shows: /Failed to start GCS/,
    says: ({ pod }) =>
      `${pod} could not start Ray's GCS: another process took its port meanwhile; submit again`,
  },
  {
    operators: ['kuberay'],
    shows: /current node timed out during startup|Failed to start the dashboard/,
    says: ({ pod }) =>
      `${pod}: this Ray node did not come up in time; the machine is too busy, or other processes have its ports: run fewer experiments at a time, and submit again`,
  },
  {
    operators: ['jax'],
    shows: /Multiprocess computations aren't implemented on the CPU backend/,
    says: ({ pod }) =>
      `${pod}: this version of JAX has no collectives on the CPU unless told so; upgrade jax to 0.5 or later, or call jax.config.update("jax_cpu_collectives_implementation", "gloo") before jax.distributed.initialize`,
  },
  {
    operators: ['jax'],
    errors: /RuntimeError/,
    shows: /DEADLINE_EXCEEDED[\s\S]*RegisterTask|Barrier timed out|DEADLINE_EXCEEDED/,
    says: (end) => `${waited(end, 'jax.distributed.initialize')}${whoIsMissing(end)}`,
  },
  {
    operators: ['jax'],
    errors: /RuntimeError/,
    shows: /stopped sending heartbeats|Failed to send RPC to coordination service|detected fatal errors/,
    says: (end) => `${end.pod} (rank ${end.rank}) lost another rank while it ran${whoIsMissing(end)}`,
  },
  {
    operators: ['pytorch'],
    errors: /RuntimeError|TimeoutError|Dist\w*Error/,
    shows:
      /Socket Timeout|client socket has timed out|Timed out (?:waiting|initializing process group)|DistStoreError|wait timeout after/,
    says: (end) => `${waited(end, 'init_process_group or a collective')}${whoIsMissing(end)}`,
  },
  {
    operators: ['pytorch'],
    errors: /RuntimeError|Dist\w*Error/,
    shows:
      /gloo\S*pair\.cc.*(?:Connection (?:reset|closed) by peer|Read error)|Connection (?:reset|closed) by peer/,
    says: (end) => `${end.pod} (rank ${end.rank}) lost the connection to another rank${whoIsMissing(end)}`,
  },
  {
    operators: ['xgboost'],
    errors: /XGBoostError/,
    shows:
      /Failed to bootstrap the communication group|Failed to accept connection|Invalid polling request|Failed to connect to/,
    says: (end) => `${waited(end, 'the tracker')}${whoIsMissing(end)}`,
  },
];
