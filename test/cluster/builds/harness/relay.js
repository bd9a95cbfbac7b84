/** In the network of the pods: what comes in at an address and a port goes to a socket of the host's. */
import { createConnection, createServer } from 'node:net';

const [, , host, port, socket] = process.argv;
const server = createServer((near) => {
  const far = createConnection(socket);
  near.on('error', () => far.destroy()).on('close', () => far.destroy());
  far.on('error', () => near.destroy()).on('close', () => near.destroy());
  near.pipe(far).pipe(near);
});
server.listen(Number(port), host, () => process.stdout.write('listens\n'));
