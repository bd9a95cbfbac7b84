import { readIfPossible } from '../../../base/io/files.ts';
import { machineCapacity } from '../../../machine/capacity.ts';
import { findProgram } from '../../../machine/find-program.ts';
import type { ContainerClient } from './client.ts';
import type { ContainerGround } from './words.ts';

/** Where podman looks for the program that becomes a container's first process. */
const INIT_FOLDERS = '/usr/libexec/podman:/usr/local/libexec/podman:/usr/lib/podman:/usr/local/lib/podman';

export async function containerGround({ kind }: Pick<ContainerClient, 'kind'>): Promise<ContainerGround> {
  const { cpus } = await machineCapacity();
  const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const hasInit = kind === 'docker' || (await findProgram('catatonit', INIT_FOLDERS)) !== null;
  return { kind, cpus, user, hasInit, ulimits: kind === 'podman' ? await lowerLimits(user) : [] };
}

const CAP_SYS_RESOURCE = 1n << 24n;

/**
 * Podman that runs as root gives containers higher limits than its own. A root that may not raise limits, because it is
 * in a container itself, gets no container that way: then the limits are those of the server, and that of processes no
 * higher than podman lets its own be.
 */
async function lowerLimits({ uid }: ContainerGround['user']): Promise<string[]> {
  if (uid !== 0) return [];
  const status = await readIfPossible('/proc/self/status');
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status ?? '')?.[1];
  if (capabilities === undefined || (BigInt(`0x${capabilities}`) & CAP_SYS_RESOURCE) !== 0n) return [];
  const limits = (await readIfPossible('/proc/self/limits')) ?? '';
  const names = { nofile: 'Max open files', nproc: 'Max processes' };
  const most = {
    nofile: Infinity,
    nproc: Number((await readIfPossible('/proc/sys/kernel/pid_max')) ?? 32_768),
  };
  return (['nofile', 'nproc'] as const).flatMap((name) => {
    const hard = new RegExp(`^${names[name]} +\\S+ +(\\d+)`, 'm').exec(limits)?.[1];
    const limit = Math.min(Number(hard ?? Infinity), most[name]);
    return Number.isFinite(limit) ? [`${name}=${limit}:${limit}`] : [];
  });
}
