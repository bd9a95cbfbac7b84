import { readFile } from 'node:fs/promises';
import { AichorError } from '../errors.ts';
import { errorIn } from './error-of-body.ts';

interface Failure {
  /** What became of the server: `ended with code 1`. */
  what: string;
  /** The state folder. */
  folder: string;
  log: string;
  /** How many bytes the log had before this start. */
  logged: number;
  /** Bytes that can still be written below the folder. */
  free: number;
}

/** Less than an empty store takes: a server cannot begin, and its log cannot say why. */
const TOO_LITTLE = 256 * 1024;
const LAST_LINES = 5;
/** Levels of the log from which on something went wrong. */
const WORTH_TELLING = 50;

/** Why the embedded control plane did not start, as far as the disk and its own words can tell. */
export async function startFailure({ what, folder, log, logged, free }: Failure): Promise<AichorError> {
  if (free < TOO_LITTLE) {
    return new AichorError(
      'server_unreachable',
      `the disk that holds ${folder} is full: the embedded control plane ${what}`,
      { hint: 'free space there, or set AICHOR_HOME to a folder on another disk' },
    );
  }
  const text = (await readFile(log)).subarray(logged).toString('utf8');
  const lines = text.trimEnd().split('\n');
  // The reason in its own words, with its code and what to do about it.
  const said = lines.map((line) => errorIn(line)).findLast((error) => error !== null);
  if (said) return said;
  const words = lines.flatMap(wordsIn).slice(-LAST_LINES).join('\n');
  return new AichorError(
    'server_unreachable',
    `the embedded control plane ${what}${words === '' ? '' : `; its last words:\n${words}`}`,
    { hint: `the whole log is ${log}` },
  );
}

/** A line of the log in words; none for one that tells of work that went well. */
function wordsIn(line: string): string[] {
  const record = recordIn(line);
  if (record === null) return line === '' ? [] : [line];
  const { level, msg, err } = record;
  if (typeof level === 'number' && level < WORTH_TELLING) return [];
  return [[msg, err?.message].filter((part) => typeof part === 'string').join(': ')];
}

interface LogRecord {
  level?: unknown;
  msg?: unknown;
  err?: { message?: unknown } | null;
}

function recordIn(line: string): LogRecord | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
