import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { pino } from 'pino';
import type { Log } from '../ports.ts';

/** At this size the log becomes `server.log.1`, in place of an older one. */
const LIMIT = 5 * 1024 * 1024;

/** The server's log: JSON lines in a 0600 file of bounded size. Written at once, so that a crash keeps its last words. */
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
  return {
    write(line: string): void {
      if (bytes + line.length > limit && bytes > 0) {
        closeSync(fd);
        renameSync(file, `${file}.1`);
        fd = openSync(file, 'a', 0o600);
        bytes = 0;
      }
      bytes += writeSync(fd, line);
    },
    close: () => closeSync(fd),
  };
}
