import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What becomes of a connection. */
export interface Fate {
  /** Bytes that pass, in both directions together. */
  bytes: number;
  /** Then it is cut, or nothing passes any longer, over a connection that stays open. */
  end: 'cut' | 'stall';
}

export interface FlakyLine {
  port: number;
  /** Connections that were broken. */
  broken(): number;
  /** Ends those that are open: what comes next has connections with a fate of their own. */
  drop(): void;
  close(): void;
}

/** Stands between two programs. @param fateOf asked for each connection; null: it is let through */
export async function startFlakyLine(target: number, fateOf: () => Fate | null): Promise<FlakyLine> {
  const open = new Set<Socket>();
  let broken = 0;
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    const fate = fateOf();
    let left = fate?.bytes ?? Infinity;
    const passing =
      (to: Socket) =>
      (piece: Buffer): void => {
        if (left <= 0) return;
        const some = piece.subarray(0, Math.min(piece.length, left));
        left -= some.length;
        if (left > 0) return void to.write(some);
        broken++;
        if (fate?.end === 'stall') return;
        near.destroy();
        far.destroy();
      };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('data', passing(to));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        if (left > 0 || fate?.end !== 'stall') to.destroy();
      });
      from.on('end', () => left > 0 && to.end());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const drop = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    broken: () => broken,
    drop,
    close() {
      drop();
      server.close();
    },
  };
}
