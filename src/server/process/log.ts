import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { pino } from 'pino';
import type { Log } from '../ports.ts';

/** At this size the log becomes `server.log.1`, in place of an older one. */
const LIMIT = 5 * 1024 * 1024;

/**
 * The server's log: JSON lines in a 0600 file of bounded size. Written at once, so that a crash keeps its last words.
 * What cannot be written (the disk is full) is lost, and told when there is room: a log must not end whom it tells of.
 */
export function createServerLog(file: string, limit = LIMIT): Log & { close(): void } {
  const target = createLogFile(file, limit);
  const log = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, target);
  return {
    info: (facts, message) => log.info(facts, message),
    warn: (facts, message) => log.warn(facts, message),
    error: (facts, message) => log.error(facts, message),
    close: () => target.close(),
  };
}

function createLogFile(file: string, limit: number) {
  let fd = openSync(file, 'a', 0o600);
  let bytes = fstatSync(fd).size;
  let lost = 0;
  let torn = false;

  function turnOver(): void {
    renameSync(file, `${file}.1`);
    const next = openSync(file, 'a', 0o600);
    closeSync(fd);
    fd = next;
    bytes = 0;
  }

  function append(line: string): void {
    if (bytes + line.length > limit && bytes > 0) turnOver();
    const content = Buffer.from(torn ? `\n${line}` : line);
    const written = writeSync(fd, content);
    bytes += written;
    torn = written < content.length;
    if (torn) throw new Error('the line was cut off');
  }

  return {
    write(line: string): void {
      try {
        if (lost > 0)
          append(
            `${JSON.stringify({ level: 40, pid: process.pid, msg: `${lost} lines are lost here: they could not be written` })}\n`,
          );
        lost = 0;
        append(line);
      } catch {
        lost++;
      }
    },
    close: () => closeSync(fd),
  };
}
