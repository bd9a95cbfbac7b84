import { run } from '../base/io/run.ts';
import { findProgram } from './find-program.ts';

/** One device as `CUDA_VISIBLE_DEVICES` names it: an index, or the UUID of a MIG instance. */
export type GpuDevice = string;

/** GPUs that CUDA programs can use here, by `nvidia-smi`; none when it is not on PATH or fails. */
export async function listGpus(path: string): Promise<GpuDevice[]> {
  const program = await findProgram('nvidia-smi', path);
  if (program === null) return [];
  const { ok, stdout } = await run(program, ['-L'], { env: process.env, timeoutMs: 20_000 });
  // Else it is installed without a driver or a device: the machine has no GPU to offer.
  return ok ? parseGpuList(stdout) : [];
}

/** What GPUs do at present, by UUID. */
export interface GpuUse {
  /** How busy each was just now, 0 to 1. */
  busy: ReadonlyMap<string, number>;
  /** Processes that compute on one, with what each has of its memory (null: not known, as in containers). */
  users: readonly { pid: number; uuid: string; memory_bytes: number | null }[];
}

export const NO_GPUS: GpuUse = { busy: new Map(), users: [] };

/** By `nvidia-smi`; nothing when it is not on PATH, fails, or takes longer than a look may. */
export async function readGpuUse(path: string): Promise<GpuUse> {
  const program = await findProgram('nvidia-smi', path);
  if (program === null) return NO_GPUS;
  const query = async (what: string) => {
    const words = [what, '--format=csv,noheader,nounits'];
    const { ok, stdout } = await run(program, words, { env: process.env, timeoutMs: 5000 });
    return ok ? stdout : '';
  };
  const [gpus, apps] = await Promise.all([
    query('--query-gpu=uuid,utilization.gpu'),
    query('--query-compute-apps=pid,gpu_uuid,used_gpu_memory'),
  ]);
  return parseGpuUse(gpus, apps);
}

/** Lines `GPU-…, 37` and `1234, GPU-…, 512` (MiB); `[N/A]` (of instances) is not known. */
export function parseGpuUse(gpus: string, apps: string): GpuUse {
  const busy = new Map<string, number>();
  for (const [, uuid = '', percent] of gpus.matchAll(/^(\S+), (\d+)$/gm))
    busy.set(uuid, Number(percent) / 100);
  const users = [...apps.matchAll(/^(\d+), (\S+), (.+)$/gm)].map(([, pid, uuid = '', mib = '']) => ({
    pid: Number(pid),
    uuid,
    memory_bytes: /^\d+$/.test(mib) ? Number(mib) * 1024 * 1024 : null,
  }));
  return { busy, users };
}

/**
 * `nvidia-smi -L`: a line `GPU <index>: <name> (UUID: …)` per device, below it `  MIG … (UUID: MIG-…)` for each
 * instance. A GPU cut into instances is offered as these, never as a whole.
 */
export function parseGpuList(text: string): GpuDevice[] {
  const gpus: { index: string; instances: string[] }[] = [];
  for (const line of text.split('\n')) {
    const gpu = /^GPU (\d+):/.exec(line)?.[1];
    const instance = /^\s+MIG .*\(UUID:\s*(MIG-[^)\s]+)\)/.exec(line)?.[1];
    if (gpu !== undefined) gpus.push({ index: gpu, instances: [] });
    else if (instance !== undefined) gpus.at(-1)?.instances.push(instance);
  }
  return gpus.flatMap(({ index, instances }) => (instances.length > 0 ? instances : [index]));
}
