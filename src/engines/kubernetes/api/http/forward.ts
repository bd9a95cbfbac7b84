import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { ClusterError } from '../cluster-error.ts';
import type { Connection } from '../access/connection.ts';
import { frameOf, sendFrame } from '../../../../base/http/frames.ts';
import { openSocket } from './web-socket.ts';

const PROTOCOL = 'v4.channel.k8s.io';
const [DATA, ERROR] = [0, 1];
/** Each channel begins with the number of its port. */
const PORT_BYTES = 2;

/** `Cluster.forward`; `path` is that of the pod's `portforward`, with its port. */
export async function openForward(connection: Connection, path: string): Promise<Duplex> {
  const socket = await openSocket(connection, path, [PROTOCOL]);
  const stream = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _, done) => {
      sendFrame(socket, DATA, chunk).then(() => done(), done);
    },
    // The protocol cannot end one direction alone.
    final: (done) => {
      socket.close();
      done();
    },
    destroy: (error, done) => {
      socket.terminate();
      done(error);
    },
  });
  receive(socket, stream);
  return stream;
}

function receive(socket: WebSocket, stream: Duplex): void {
  const begun = new Set<number>();
  socket.on('message', (data) => {
    const frame = frameOf(data);
    if (frame === null) return;
    const bytes = begun.has(frame.channel) ? frame.bytes : frame.bytes.subarray(PORT_BYTES);
    begun.add(frame.channel);
    if (bytes.length === 0) return;
    if (frame.channel === ERROR)
      stream.destroy(new ClusterError(0, 'PortForward', bytes.toString().slice(0, 1000)));
    else if (frame.channel === DATA && !stream.push(bytes)) socket.pause();
  });
  socket.once('close', () => {
    if (!stream.destroyed) stream.push(null);
  });
  socket.resume();
}
