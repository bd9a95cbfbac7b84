import type { OperatorName } from '../../operators/table.ts';
import { moduleFile } from './repository-failure.ts';
import { waited, whoIsMissing, type FrameworkEnd } from './framework-end.ts';

export interface FailureRule {
  operators: readonly OperatorName[] | 'all';
  /** Where it has to stand: anywhere, or in the error that ended the pod (others may have been dealt with). */
  within?: 'last-error';
  /** What Python's last error is of, if there is one: another was the cause, whatever was printed before it. */
  errors?: RegExp;
  /** What stands in the output; its groups are given to `says`. */
  shows: RegExp;
  /** It says that another rank was lost or waited for: the cause is elsewhere. */
  consequence?: true;
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
    says: importsWhatIsNotThere,
  },
  {
    operators: 'all',
    within: 'last-error',
    shows: /KeyError: ['"](S3_ENDPOINT|AWS_ENDPOINT_URL)['"]/,
    says: ({ pod }, [, name = '']) =>
      `${pod} wants object storage, and this engine has none of its own (${name} is not set); submit with --storage s3 to have inputs and outputs of this machine served as buckets, or give the address of yours with --env ${name}=https://…, and its keys with --secret AWS_ACCESS_KEY_ID --secret AWS_SECRET_ACCESS_KEY`,
  },
  {
    operators: 'all',
    within: 'last-error',
    shows:
      /KeyError: ['"](AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY)['"]|NoCredentialsError: Unable to locate credentials/,
    says: ({ pod }) =>
      `${pod} found no keys of an object storage; submit with --storage s3 to have inputs and outputs of this machine served as buckets, or give your own with --secret AWS_ACCESS_KEY_ID --secret AWS_SECRET_ACCESS_KEY, from your own environment`,
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
    operators: 'all',
    errors: /torch\.distributed\.elastic|ChildFailedError/,
    shows: /Root Cause \(first observed failure\):[\s\S]*?local_rank: (\d+)\)[\s\S]*?exitcode\s*:\s*(-?\d+)/,
    says: ({ pod }, [, local = '', code = '']) =>
      `${pod}: the process that torchrun calls local rank ${local} ${Number(code) < 0 ? `was killed by signal ${-Number(code)}` : `exited with code ${code}`}; what it printed before that is in the log`,
  },
  {
    operators: ['pytorch'],
    shows: /server socket has failed to listen|errno: 98 - Address already in use|EADDRINUSE/,
    says: couldNotListen,
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
    within: 'last-error',
    shows:
      /ValueError: (?:coordinator_address|Number of processes|process_id|The process id)\b.* (?:should|must) be/,
    says: ({ pod }, [error]) =>
      `${pod} called jax.distributed.initialize without saying what it is (${error} defined); call jax.distributed.initialize(os.environ["JAXOPERATOR_COORDINATOR_ADDRESS"], int(os.environ["JAXOPERATOR_NUM_PROCESSES"]), int(os.environ["JAXOPERATOR_PROCESS_ID"]))`,
  },
  {
    operators: ['jax'],
    errors: /RuntimeError|ValueError/,
    shows: /Gloo \w+ failed|gloo\S*pair\.cc.*Connection (?:reset|closed) by peer/,
    consequence: true,
    says: (end) => `${end.pod} (rank ${end.rank}) lost the connection to another rank${whoIsMissing(end)}`,
  },
  {
    operators: ['jax'],
    // Of a long text the tail may begin anywhere.
    shows: /(?:Shutdown barrier has failed|Id: Shutdown::)(?:[\s\S]*?first task at the barrier: (\d+))?/,
    consequence: true,
    says: (end, [, first]) => waitedAtItsEnd(end, first === undefined ? null : Number(first)),
  },
  {
    operators: ['jax'],
    errors: /RuntimeError/,
    shows: /DEADLINE_EXCEEDED[\s\S]*RegisterTask|Barrier timed out|DEADLINE_EXCEEDED/,
    consequence: true,
    says: (end) => `${waited(end, 'jax.distributed.initialize')}${whoIsMissing(end)}`,
  },
  {
    operators: ['jax'],
    errors: /RuntimeError/,
    shows: /stopped sending heartbeats|Failed to send RPC to coordination service|detected fatal errors/,
    consequence: true,
    says: (end) => `${end.pod} (rank ${end.rank}) lost another rank while it ran${whoIsMissing(end)}`,
  },
  {
    operators: ['pytorch'],
    errors: /RuntimeError|TimeoutError|Dist\w*Error/,
    shows:
      /Socket Timeout|client socket has timed out|Timed out (?:waiting|initializing process group)|DistStoreError|wait timeout after/,
    consequence: true,
    says: (end) => `${waited(end, 'init_process_group or a collective')}${whoIsMissing(end)}`,
  },
  {
    operators: ['pytorch'],
    errors: /RuntimeError|Dist\w*Error/,
    shows:
      /gloo\S*pair\.cc.*(?:Connection (?:reset|closed) by peer|Read error)|Connection (?:reset|closed) by peer/,
    consequence: true,
    says: (end) => `${end.pod} (rank ${end.rank}) lost the connection to another rank${whoIsMissing(end)}`,
  },
  {
    operators: ['xgboost'],
    errors: /XGBoostError/,
    shows:
      /Failed to bootstrap the communication group|Failed to accept connection|Invalid polling request|Failed to connect to/,
    consequence: true,
    says: (end) => `${waited(end, 'the tracker')}${whoIsMissing(end)}`,
  },
];

/** A module of the repository itself is not a package that is missing. */
function importsWhatIsNotThere({ pod, repository }: FrameworkEnd, [, module = '']: RegExpExecArray): string {
  const file = moduleFile(module, repository?.paths ?? []);
  if (file === null)
    return `${pod} imports ${module}, which the Python environment does not have; add the package to the project's dependencies (pyproject.toml, requirements.txt or the Dockerfile's install line), or the folder it is in to PYTHONPATH, or name an environment that has it with --python-env`;
  const [top = ''] = module.split('.');
  const folder = `/${file}`.slice(1, `/${file}`.lastIndexOf(`/${top}`)) || '.';
  return `${pod} imports ${module}; ${file} is in the repository, but Python does not look there: give --env PYTHONPATH=${folder}, or have the Dockerfile install the project (RUN pip install -e .)`;
}

/** A port of the experiment's own is taken by nobody but its pods. */
function couldNotListen({ pod, rank, tail, port = null, peers = [] }: FrameworkEnd): string {
  const cure = 'take the rank from RANK (or NODE_RANK) instead of a fixed one';
  if (rank !== 0)
    return `${pod} (rank ${rank}) tried to listen on the port of rank 0: it and the pod of rank 0 both act as rank 0; ${cure}`;
  const ports = [...tail.matchAll(/(?:port: |\]:|\d:)(\d{2,5})\b/g)].map(([, number]) => Number(number));
  const [other] = peers;
  if (port !== null && other !== undefined && ports.includes(port)) {
    const who = peers.length === 1 ? other.pod : 'another pod of the experiment';
    return `${pod} and ${who} both act as rank 0: each tried to listen on MASTER_PORT; ${cure}`;
  }
  return `${pod} (rank 0) could not listen on its port: another process has it, or another pod acts as rank 0 too; take the port from MASTER_PORT and the rank from RANK (or NODE_RANK) instead of fixed ones, or end the other process`;
}

/** A rank of JAX waits at its end for all others; `first`: who did. */
function waitedAtItsEnd(end: FrameworkEnd, first: number | null): string {
  const own = { rank: end.rank, pod: end.pod, error: errorBeforeShutdown(end.tail) };
  const rank = [own, ...(end.peers ?? [])].find((each) => each.rank === first) ?? own;
  const who = `rank ${rank.rank} (${rank.pod})`;
  if (rank.error !== null)
    return `${who} failed with ${rank.error}, and waited at its end for the others, which waited for it in a collective until all were ended`;
  return `${who} had finished its work and waited at its end for the others, which still waited in a collective; every rank has to take part in each of them`;
}

/** The last exception before JAX's own words. */
function errorBeforeShutdown(tail: string): string | null {
  return (
    tail
      .match(/^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception): (?!.*(?:Shutdown|DEADLINE_EXCEEDED)).*$/gm)
      ?.at(-1) ?? null
  );
}
