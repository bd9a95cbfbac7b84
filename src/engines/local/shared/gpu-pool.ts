import type { GpuDevice } from '../../../machine/gpus.ts';

/** The machine's GPUs, divided among the pods of all experiments. */
export interface GpuPool {
  devices(): Promise<readonly GpuDevice[]>;
  /** As many free devices, or null while there are too few. */
  take(count: number): Promise<GpuDevice[] | null>;
  /** These are in use already (pods found again after a restart). */
  hold(devices: readonly GpuDevice[]): void;
  give(devices: readonly GpuDevice[]): void;
  /** Calls when devices became free. Returns the end of it. */
  onGiven(listener: () => void): () => void;
}

export function createGpuPool(list: () => Promise<GpuDevice[]>): GpuPool {
  let all: Promise<GpuDevice[]> | null = null;
  const taken = new Set<GpuDevice>();
  const listeners = new Set<() => void>();
  const devices = () => (all ??= list());
  return {
    devices,
    async take(count) {
      const free = (await devices()).filter((device) => !taken.has(device)).slice(0, count);
      if (free.length < count) return null;
      for (const device of free) taken.add(device);
      return free;
    },
    hold(held) {
      for (const device of held) taken.add(device);
    },
    give(given) {
      for (const device of given) taken.delete(device);
      if (given.length > 0) for (const listener of listeners) listener();
    },
    onGiven(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
