import type { WebSocket } from 'ws';

/** A message of a WebSocket that carries several streams: the first byte says which (Kubernetes' channel protocols, and ours). */
export interface Frame {
  channel: number;
  bytes: Buffer;
}

/** Null: it is none. */
export function frameOf(data: unknown): Frame | null {
  if (!Buffer.isBuffer(data) || data.length === 0) return null;
  return { channel: data.readUInt8(0), bytes: data.subarray(1) };
}

/** Largest part of a stream that is sent as one message. */
const LARGEST = 64 * 1024;

/** Resolves when all of it has been handed to the network, so that a slow reader slows the writer down. */
export async function sendFrame(
  socket: Pick<WebSocket, 'send'>,
  channel: number,
  bytes: Buffer,
): Promise<void> {
  for (let from = 0; from < bytes.length || from === 0; from += LARGEST) {
    const message = Buffer.concat([Buffer.of(channel), bytes.subarray(from, from + LARGEST)]);
    await new Promise<void>((resolve, reject) => {
      socket.send(message, (error) => (error ? reject(error) : resolve()));
    });
  }
}
