import { Readable, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import { frameOf, sendFrame } from '../../../../base/http/frames.ts';
import { searchOf } from '../../../../base/http/query.ts';
import type { ExecSession, TerminalSize } from '../../../engine.ts';
import type { Connection } from '../access/connection.ts';
import type { AttachOptions } from '../cluster.ts';
import { noAnswer } from '../cluster-failure.ts';
import { CHANNELS, EXEC_PROTOCOL, exitCodeOf } from './exec.ts';
import { openSocket } from './web-socket.ts';

/** `Cluster.attach`; `path` is that of the pod's `exec`. */
export async function attachProgram(
  connection: Connection,
  path: string,
  { container, command, stdin, terminal }: AttachOptions,
): Promise<ExecSession> {
  const tty = terminal !== null;
  const asked = searchOf({ container, command, stdin, stdout: true, stderr: !tty, tty });
  const socket = await openSocket(connection, path + asked, [EXEC_PROTOCOL]);
  const stream = outputs(socket);
  const [stdout, stderr] = [stream(), stream()];
  const resize = ({ columns, rows }: TerminalSize) => {
    const size = Buffer.from(JSON.stringify({ Width: columns, Height: rows }));
    sendFrame(socket, CHANNELS.size, size).catch(() => undefined);
  };
  const ended = endOf(socket, { server: connection.server, stdout, stderr });
  if (terminal !== null) resize(terminal);
  socket.resume();
  return {
    stdin: stdin ? input(socket) : null,
    stdout,
    stderr: tty ? null : stderr,
    ended,
    resize,
    end() {
      socket.terminate();
      for (const each of [stdout, stderr]) each.destroy();
    },
  };
}

/** Makes streams of what comes: while one of them is full, nothing more is taken. */
function outputs(socket: WebSocket): () => Readable {
  const full = new Set<Readable>();
  socket.on('message', () => {
    if (full.size > 0) socket.pause();
  });
  return () => {
    const stream: Readable = new Readable({
      read() {
        full.delete(stream);
        if (full.size === 0) socket.resume();
      },
    });
    const push = stream.push.bind(stream);
    stream.push = (chunk: unknown) => {
      const hasRoom = push(chunk);
      if (!hasRoom && chunk !== null) full.add(stream);
      return hasRoom;
    };
    return stream;
  };
}

function input(socket: WebSocket): Writable {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      // A connection that broke is told by the end.
      sendFrame(socket, CHANNELS.stdin, chunk).then(
        () => done(),
        () => done(),
      );
    },
    final(done) {
      sendFrame(socket, CHANNELS.close, Buffer.of(CHANNELS.stdin)).then(
        () => done(),
        () => done(),
      );
    },
  });
  // Whoever writes learns it from the write; an error without a listener would end the process.
  stream.on('error', () => undefined);
  return stream;
}

interface Ending {
  server: string;
  stdout: Readable;
  stderr: Readable;
}

function endOf(socket: WebSocket, { server, stdout, stderr }: Ending): Promise<number> {
  let isOver = false;
  const finish = () => {
    isOver = true;
    for (const stream of [stdout, stderr]) if (!stream.destroyed) stream.push(null);
  };
  const ended = new Promise<number>((resolve, reject) => {
    socket.on('message', (data) => {
      const frame = frameOf(data);
      // A connection that is closed still gives what had arrived: streams that have ended take nothing.
      if (frame === null || isOver) return;
      if (frame.channel === CHANNELS.stdout && frame.bytes.length > 0) stdout.push(frame.bytes);
      else if (frame.channel === CHANNELS.stderr && frame.bytes.length > 0) stderr.push(frame.bytes);
      else if (frame.channel === CHANNELS.status) {
        try {
          resolve(exitCodeOf(frame.bytes.toString()));
        } catch (error) {
          reject(error);
        }
        finish();
        socket.terminate();
      }
    });
    socket.once('close', (code) => {
      reject(noAnswer(server, new Error(`the connection to the program broke (${code})`)));
      finish();
    });
  });
  // Whoever reads the outputs first looks at it later.
  ended.catch(() => undefined);
  return ended;
}
