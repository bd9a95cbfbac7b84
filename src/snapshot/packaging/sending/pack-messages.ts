import type { ErrorCode } from '../../../errors.ts';
import type { PackedFile } from './tar-chunks.ts';

/** What the pack worker is told when it starts. */
export interface PackOrder {
  root: string;
  files: PackedFile[];
  /** One 32-bit number: how many more chunks may be sent. */
  room: SharedArrayBuffer;
}

/** What it says. An error that is a bug of ours comes as the thread's own `error` event. */
export type PackMessage =
  | { chunk: Uint8Array }
  | { end: true }
  | { failure: { code: ErrorCode; message: string; hint: string | null } };

export function isPackOrder(value: unknown): value is PackOrder {
  return (
    typeof value === 'object' && value !== null && 'root' in value && 'files' in value && 'room' in value
  );
}
