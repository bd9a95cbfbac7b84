import type { LogFiles } from './files.ts';

/** Reads bytes that will not change any more. Fewer than asked for only at the end of a file. */
export type ReadBytes = (path: string, position: number, length: number) => Promise<Buffer>;

/** Readers that want the same bytes at the same moment (all followers, when a line comes) have them read once. */
export function createSharedReads(files: LogFiles): ReadBytes {
  const underWay = new Map<string, Promise<Buffer>>();

  async function readBytes(path: string, position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, await files.read(path, bytes, position));
  }

  return (path, position, length) => {
    const key = `${position} ${length} ${path}`;
    const same = underWay.get(key);
    if (same) return same;
    const reading = readBytes(path, position, length).finally(() => underWay.delete(key));
    underWay.set(key, reading);
    return reading;
  };
}
