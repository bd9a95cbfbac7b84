import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { pino } from 'pino';
import { AichorError } from '../../errors.ts';
import type { Log } from '../ports.ts';

/** At this size the log becomes `server.log.1`, in place of an older one. */
const LIMIT = 5 * 1024 * 1024;

/**
 * The server's log: JSON lines in a 0600 file of bounded size. Written at once, so that a crash keeps its last words.
 * What cannot be written (the disk is full) is lost, and told when there is room: a log must not end whom it tells of.
 * Values of headers and bodies are never in it. `echo` gets each line as well (`AICHOR_LOG=stderr`).
 */
export function createServerLog(
  file: string,
  { limit = LIMIT, echo = null }: { limit?: number; echo?: ((line: string) => void) | null } = {},
): Log & { close(): void } {
  const kept = createLogFile(file, limit);
  const target = {
    ...kept,
    write(line: string) {
      kept.write(line);
      echo?.(line);
    },
  };
  const log = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, target);
  return {
    info: (facts, message) => log.info(facts, message),
    warn: (facts, message) => log.warn(facts, message),
    error: (facts, message) => log.error(facts, message),
    close: () => target.close(),
  };
}

/** Where lines go beside the file: to whoever runs the server, if `AICHOR_LOG` is `stderr`. Throws AichorError `usage`. */
export function echoOf(said: string | undefined): ((line: string) => void) | null {
  if (!said) return null;
  if (said === 'stderr') {
    // Whoever read it may go; the server stays.
    process.stderr.on('error', () => undefined);
    return (line) => void process.stderr.write(line);
  }
  throw new AichorError('usage', `AICHOR_LOG is ${JSON.stringify(said)}`, {
    hint: 'stderr: the lines of the log go there, too; leave it out, and they only stand in the file',
  });
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
