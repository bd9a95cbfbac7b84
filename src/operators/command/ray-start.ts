import { bytesOf } from '../distribution/resources.ts';
import { RAY_DASHBOARD_AGENT_PORT, RAY_METRICS_PORT } from '../ports.ts';
import type { PodResources } from '../../manifest/manifest.ts';

/** Options of `ray start` that take true or false as a value; for others `true` is a flag, `false` nothing. */
const VALUED_BOOLEANS: ReadonlySet<string> = new Set(['log-color', 'include-dashboard']);

interface RayNodeShape {
  resources: PodResources;
  rayStartParams: Record<string, string>;
}

/** Parameters of the head: the documented defaults, and over them what the user wrote. */
export function headStartParams({ resources, rayStartParams }: RayNodeShape): Record<string, string> {
  return {
    ...commonParams('head', resources),
    'include-dashboard': 'true',
    'dashboard-host': '0.0.0.0',
    'dashboard-agent-listen-port': String(RAY_DASHBOARD_AGENT_PORT),
    ...rayStartParams,
  };
}

/** Parameters of a worker group: the documented defaults, and over them what the user wrote. */
export function workerStartParams(group: RayNodeShape & { name: string }): Record<string, string> {
  return { ...commonParams(group.name, group.resources), ...group.rayStartParams };
}

/** The logical resource is quoted for a shell: it becomes part of a command line as it is. */
function commonParams(logicalResource: string, { cpus, memory, gpu }: PodResources): Record<string, string> {
  return {
    resources: `'${JSON.stringify({ [logicalResource]: 100_000 })}'`,
    'num-cpus': String(Math.max(1, Math.floor(cpus))),
    memory: String(bytesOf(memory)),
    ...(gpu ? { 'num-gpus': String(gpu.count) } : {}),
    'log-color': 'true',
    'log-style': 'pretty',
    'metrics-export-port': String(RAY_METRICS_PORT),
  };
}

/** The `ray start` line, its parameters in alphabetical order as KubeRay writes them. `address` null: the head. */
export function rayStartCommand(params: Readonly<Record<string, string>>, address: string | null): string {
  const all: Record<string, string> = { ...(address === null ? {} : { address }), ...params, block: 'true' };
  const flags = Object.entries(all)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([option, value]) => flag(option, value));
  return ['ray start', ...(address === null ? ['--head'] : []), ...flags].join(' ');
}

function flag(option: string, value: string): string[] {
  const isBoolean = /^(true|false)$/i.test(value) && !VALUED_BOOLEANS.has(option);
  if (!isBoolean) return [`--${option}=${value}`];
  return value.toLowerCase() === 'true' ? [`--${option}`] : [];
}
