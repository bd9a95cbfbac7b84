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
