import { plural } from '../../base/text/plural.ts';
import { isDiskFull } from '../../base/io/disk-full.ts';
import { isAbsent, isBelowFile } from '../../base/io/files-sync.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import { didYouMean } from '../../base/text/did-you-mean.ts';

/** What was thrown, as an error for users; `stack` only when it is a bug of ours. */
export interface Reported {
  error: AichorError;
  stack: string | null;
}

/** Where the command line was read: for hints and for suggestions. */
interface Typed {
  /** The command as it is typed, `experiments list`; empty when there is none. */
  command: string;
  /** Names of its flags, without dashes. */
  flags: readonly string[];
}

const ASKING_STOPPED: ReadonlySet<string> = new Set([
  'ExitPromptError',
  'AbortPromptError',
  'CancelPromptError',
]);

/** Turns anything that was thrown into an `AichorError`; what nobody foresaw is `internal`, with its stack. */
export function reportThrown(thrown: unknown, typed: Typed): Reported {
  if (isAichorError(thrown)) {
    thrown.message = withoutParser(thrown.message);
    const stack = thrown.code === 'internal' ? (thrown.stack ?? null) : null;
    return { error: thrown, stack };
  }
  if (!(thrown instanceof Error)) return bug(new Error(`thrown: ${String(thrown)}`));
  if (ASKING_STOPPED.has(thrown.name))
    return { error: new AichorError('interrupted', 'interrupted'), stack: null };
  if (isParseError(thrown)) return { error: usage(thrown, typed), stack: null };
  const surroundings = surroundingsOf(thrown);
  return surroundings ? { error: surroundings, stack: null } : bug(thrown);
}

/** What the parser of flags puts around the message of an error that a value's own check throws is taken away again. */
function withoutParser(message: string): string {
  return message.replace(/^Parsing --\S+ \n\t/, '').replace(/\nSee more help with --help$/, '');
}

const CLOSED: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG', 'EIO']);

/** A folder or a disk that is not as it has to be: nobody's bug, and this user's to mend. */
function surroundingsOf(error: NodeJS.ErrnoException): AichorError | null {
  const { code, path, syscall } = error;
  if (code === undefined) return null;
  if (isDiskFull(error)) {
    const disk = path === undefined ? 'the disk' : `the disk that holds ${path}`;
    return new AichorError('usage', `${disk} is full (${code})`, {
      hint: 'free space there, for example with `aichor experiments prune --older-than 30d`',
      cause: error,
    });
  }
  if (path === undefined) return null;
  // Making a folder and its parents on a read-only disk is answered as if one were missing.
  if (!CLOSED.has(code) && !isBelowFile(error) && !(isAbsent(error) && syscall === 'mkdir')) return null;
  if (isBelowFile(error))
    return new AichorError('usage', `${path}: a file stands where a folder has to be (${code})`, {
      hint: 'name another place, or move that file away',
      cause: error,
    });
  return new AichorError('usage', `${path} cannot be read or written (${code})`, {
    hint: 'make it readable and writable for you; for everything that aichor keeps, AICHOR_HOME can name another folder',
    cause: error,
  });
}

function bug(error: Error): Reported {
  return {
    error: new AichorError('internal', error.message, {
      hint: 'this is a bug in aichor: please report it with the command you typed and the stack below',
      cause: error,
    }),
    stack: error.stack ?? null,
  };
}

/** oclif marks what it throws with `oclif`; a module that cannot be loaded is a bug, not wrong usage. */
function isParseError(error: Error): boolean {
  return 'oclif' in error && !('code' in error && error.code === 'MODULE_NOT_FOUND');
}

/** oclif's words for a value that a flag does not have. */
const ENUMERATED = /^(?:--\S+: )?Expected --([\w-]+)=(.*) to be one of: (.*)$/;

function usage(error: Error, { command, flags }: Typed): AichorError {
  const help = `see \`aichor ${command ? `${command} ` : ''}--help\``;
  const unknown = stringsAt(error, 'flags').filter((flag) => flag.startsWith('-'));
  const value = ENUMERATED.exec(tidy(error.message));
  if (value !== null) {
    const [, flag = '', given = '', list = ''] = value;
    const near = didYouMean(given.toLowerCase(), list.split(', '));
    const hint = near === null ? `it is one of ${list}` : `did you mean --${flag} ${near}?`;
    return new AichorError('usage', `--${flag} ${JSON.stringify(given)} is not one of its values`, { hint });
  }
  const suggestion = unknown[0] && didYouMean(unknown[0].replace(/^-+/, ''), flags);
  const hint = suggestion ? `did you mean \`--${suggestion}\`? ${help}` : help;
  return new AichorError('usage', usageMessage(error, unknown), { hint });
}

function usageMessage(error: Error, unknownFlags: readonly string[]): string {
  if (unknownFlags.length > 0)
    return `unknown ${plural(unknownFlags.length, 'flag')} ${unknownFlags.join(', ')}`;
  const missing = namesAt(error, 'args');
  if (missing.length > 0) return `missing ${plural(missing.length, 'argument')} ${missing.join(', ')}`;
  const unexpected = stringsAt(error, 'args');
  if (unexpected.length > 0)
    return `unexpected ${plural(unexpected.length, 'argument')} ${unexpected.join(', ')}`;
  return tidy(error.message);
}

/** oclif's text in one line, without its colours, its openings and its closing sentence. */
function tidy(message: string): string {
  return (
    message
      // oxlint-disable-next-line no-control-regex
      .replace(/\u001B\[[0-9;]*m/g, '')
      .replace(/\s*See more help with --help\s*$/, '')
      .replace(/^Parsing (--\S+)\s+/, '$1: ')
      .replace(/^The following errors? occurred:\s*/, '')
      .replace(/\s*\n\s*/g, ' ')
      .trim()
  );
}

function stringsAt(error: Error, key: string): string[] {
  const value: unknown = Reflect.get(error, key);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function namesAt(error: Error, key: string): string[] {
  const value: unknown = Reflect.get(error, key);
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) =>
    typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string'
      ? [item.name.toUpperCase()]
      : [],
  );
}
