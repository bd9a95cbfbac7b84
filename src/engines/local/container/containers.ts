import { AichorError } from '../../../errors.ts';
import type { PodEnd } from '../../../experiment/failure/explain.ts';
import { EXPERIMENT_MARK, POD_MARK } from '../pod/pod-environment.ts';
import type { LivePod } from '../pod/pod.ts';
import { readCounters, type ContainerCounters } from './cgroup.ts';
import { complaintOf, type ContainerClient } from './client.ts';
import {
  containerName,
  createWords,
  EXPERIMENT_LABEL,
  networkName,
  type ContainerGround,
  type ContainerSpec,
} from './words.ts';

/** The containers of an experiment's pods. A pod is one, started by its shim, which waits for it. */
export interface PodContainers {
  /** Makes a pod's container, unless it is there, and starts nothing. Throws AichorError `engine_unavailable`. */
  create(spec: ContainerSpec, env: Readonly<Record<string, string>>): Promise<void>;
  /** Words that start a pod's container and wait for its end, passing on what it prints. */
  startWords(pod: Pick<LivePod, 'name' | 'attempt'>): string[];
  /** Words before a command that run it in a container that runs. */
  insideWords(pod: Pick<LivePod, 'name' | 'attempt'>, inside: InsideOptions): string[];
  /** Signals the first process of a container that runs, or has run; false: it has not begun. Docker's client, told to end, breaks off instead. */
  signal(pod: LivePod, name: 'TERM' | 'KILL'): Promise<boolean>;
  /** Removes containers, whatever they do. */
  remove(pods: readonly LivePod[]): Promise<void>;
  /** What the pods of these shims use, by the number of their group. */
  memoryOfGroups(groups: ReadonlySet<number>): Promise<Map<number, number>>;
  /** What a pod's end was, where its exit code alone does not say it. */
  seen(pod: LivePod, end: PodEnd, complaint: () => Promise<string | null>): Promise<PodEnd>;
  /** Removes all containers of the experiment, and its network. */
  clearUp(): Promise<void>;
}

export interface InsideOptions {
  stdin: boolean;
  terminal: boolean;
  variables: Readonly<Record<string, string>>;
}

/** Codes of the program itself: it failed, the command could not be run, there is no such command. */
const OWN_CODES = new Set([125, 126, 127]);
const SIGKILLED = 137;
const MOST_AT_ONCE = 50;

interface Opening {
  experimentId: string;
  client: ContainerClient;
  ground: ContainerGround;
  /** Pods whose containers may be looked at now. */
  livePods: () => readonly LivePod[];
}

export function podContainers({ experimentId, client, ground, livePods }: Opening): PodContainers {
  const nameOf = ({ name, attempt }: Pick<LivePod, 'name' | 'attempt'>) =>
    containerName(experimentId, name, attempt);
  const pids = new Map<string, number>();
  const counters = new Map<string, ContainerCounters>();

  /** First processes of containers that run; each is asked for once. */
  async function findPids(pods: readonly LivePod[]): Promise<void> {
    const unknown = pods.map(nameOf).filter((name) => !pids.has(name));
    if (unknown.length === 0) return;
    const format = '{{.Name}} {{.State.Pid}}';
    const { stdout } = await client.call(['inspect', '--type=container', `--format=${format}`, ...unknown]);
    for (const [, name = '', pid] of stdout.matchAll(/^\/?(\S+) ([1-9]\d*)$/gm)) pids.set(name, Number(pid));
  }

  async function stateOf(pod: LivePod): Promise<ContainerState | null> {
    const format = '{{json .State}}';
    const { ok, stdout } = await client.call([
      'inspect',
      '--type=container',
      `--format=${format}`,
      nameOf(pod),
    ]);
    return ok ? parseState(stdout) : null;
  }

  return {
    async create(spec, env) {
      const made = await client.call(createWords(spec, ground), { env });
      if (made.ok) return;
      const name = containerName(experimentId, spec.pod, spec.attempt);
      if ((await client.call(['inspect', '--type=container', '--format={{.Name}}', name])).ok) return;
      throw new AichorError('engine_unavailable', `${client.kind} made no container: ${complaintOf(made)}`);
    },
    startWords(pod) {
      // What it leaves running to serve containers must carry no pod's name: it would be ended with it.
      const unnamed = ['env', '-u', EXPERIMENT_MARK, '-u', POD_MARK];
      return [...unnamed, client.program, 'start', '--attach', nameOf(pod)];
    },
    insideWords: (pod, { stdin, terminal, variables }) => [
      client.program,
      'exec',
      ...(stdin ? ['--interactive'] : []),
      ...(terminal ? ['--tty'] : []),
      ...Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      nameOf(pod),
    ],
    async signal(pod, name) {
      if ((await client.call(['kill', `--signal=${name}`, nameOf(pod)])).ok) return true;
      // What has run has ended by itself meanwhile: the program that waits for it is about to say its exit code.
      return (await stateOf(pod))?.hasRun ?? false;
    },
    remove: (pods) => removeContainers(client, pods.map(nameOf)),
    async memoryOfGroups(groups) {
      const pods = livePods().filter(({ identity }) => identity !== null && groups.has(identity.pid));
      await findPids(pods);
      const found = new Map<number, number>();
      for (const pod of pods) {
        const pid = pids.get(nameOf(pod));
        if (pid === undefined || pod.identity === null) continue;
        const counted = await readCounters(pid);
        counters.set(nameOf(pod), counted);
        if (counted.memory_bytes !== null) found.set(pod.identity.pid, counted.memory_bytes);
      }
      return found;
    },
    async seen(pod, end, complaint) {
      const code = end.how === 'exited' ? end.code : null;
      if (code === 0) return end;
      const killedInside = (counters.get(nameOf(pod))?.oom_kills ?? 0) > 0;
      const isAsked = code === null || OWN_CODES.has(code) || code === SIGKILLED || killedInside;
      if (!isAsked) return end;
      const state = await stateOf(pod);
      if (state !== null && !state.hasRun && end.how !== 'not-started') {
        const detail =
          (await complaint())?.replace(/^Error: /, '') ?? `${client.kind} did not start its container`;
        return { how: 'not-started', detail, disk_full: /no space left on device/i.test(detail) };
      }
      if (state?.outOfMemory || (killedInside && code === SIGKILLED)) pod.out_of_memory = true;
      return end;
    },
    clearUp: () => clearContainers(experimentId, client),
  };
}

async function removeContainers(client: ContainerClient, names: readonly string[]): Promise<void> {
  // Without waiting for their end by themselves; what is not there is no mistake.
  const now = client.kind === 'podman' ? ['--ignore', '--time=0'] : [];
  for (let at = 0; at < names.length; at += MOST_AT_ONCE)
    await client.call(['rm', '--force', ...now, ...names.slice(at, at + MOST_AT_ONCE)]);
}

/** Removes all that an experiment has left: containers that are there or are just being made, and its network. */
export async function clearContainers(experimentId: string, client: ContainerClient): Promise<void> {
  const filter = `--filter=label=${EXPERIMENT_LABEL}=${experimentId}`;
  const { stdout } = await client.call(['ps', '--all', '--quiet', filter]);
  await removeContainers(client, stdout.split('\n').filter(Boolean));
  await client.call(['network', 'rm', networkName(experimentId)]);
}

interface ContainerState {
  hasRun: boolean;
  outOfMemory: boolean;
}

function parseState(text: string): ContainerState | null {
  try {
    const state: unknown = JSON.parse(text);
    if (state === null || typeof state !== 'object') return null;
    const { StartedAt: started, OOMKilled: killed } = state as Record<string, unknown>;
    return {
      hasRun: typeof started === 'string' && !started.startsWith('0001-'),
      outOfMemory: killed === true,
    };
  } catch {
    return null;
  }
}
