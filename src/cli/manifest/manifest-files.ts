import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { AichorError, systemErrorCode } from '../../errors.ts';
import { DIAGNOSTIC_CODES, isDiagnosticCode, type DiagnosticCode } from '../../manifest/codes.ts';
import { MAX_MANIFEST_BYTES } from '../../manifest/yaml/decode.ts';
import { didYouMean } from '../../base/text/did-you-mean.ts';
import { globBase, globMatcher, isGlob } from '../../repository/glob.ts';
import { FOLDER, locateManifest } from '../../repository/locate.ts';
import { directoryPaths, NOT_LOOKED_INTO, repositoryAbove, repositoryOf } from './repository-around.ts';

const KIND = /^kind:[ \t]*["']?AIchorManifest\b/m;

/** A manifest that is to be checked. */
interface MeantManifest {
  path: string;
  /** The folder that was named, and that it was found in; null: none was. */
  folder: string | null;
}

/**
 * The manifests that arguments name, each once, in the order of the arguments: a file, a folder (every manifest
 * below it), a pattern that the shell left alone; without arguments the one that would be submitted from the
 * current directory. `-` stays. Throws AichorError `usage` for what is not there, `repository_invalid` for a
 * folder without a manifest.
 */
export function manifestFiles(args: readonly string[], onNotice: (message: string) => void): MeantManifest[] {
  if (args.length > 0) {
    const meant = new Map<string, MeantManifest>();
    for (const each of args.flatMap(filesOf)) if (!meant.has(each.path)) meant.set(each.path, each);
    return [...meant.values()];
  }
  const root = repositoryAbove('.', { requested: null, home: process.env['HOME'], onNotice });
  const { path, notices } = locateManifest(directoryPaths(root), null);
  for (const { message } of notices) onNotice(message);
  return [{ path: join(root, path), folder: root }];
}

/** A manifest's bytes, from standard input for `-`; of too large a one a byte more than is allowed. */
export async function readManifest(
  path: string,
  stdin: AsyncIterable<Uint8Array | string>,
): Promise<Uint8Array> {
  if (path !== '-') return readManifestFile(path);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const part = Buffer.from(chunk);
    chunks.push(part);
    bytes += part.length;
    if (bytes > MAX_MANIFEST_BYTES) break;
  }
  return Buffer.concat(chunks);
}

/** The codes of `--ignore`. Throws AichorError `usage` for a word that is none. */
export function ignoredCodes(words: readonly string[]): ReadonlySet<DiagnosticCode> {
  const codes = words.flatMap((word) => word.split(',')).map((word) => word.trim());
  const wrong = codes.find((code) => !isDiagnosticCode(code));
  if (wrong === undefined) return new Set(codes.filter(isDiagnosticCode));
  const meant = didYouMean(wrong, Object.keys(DIAGNOSTIC_CODES));
  throw new AichorError('usage', `there is no warning ${JSON.stringify(wrong)} to ignore`, {
    hint:
      meant === null ? 'give the code that stands in brackets behind "warning"' : `did you mean ${meant}?`,
  });
}

function readManifestFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function filesOf(arg: string): MeantManifest[] {
  const alone = (path: string) => ({ path, folder: null });
  if (arg === '-') return [alone(arg)];
  const found = statSync(arg, { throwIfNoEntry: false });
  if (found?.isDirectory()) return manifestsBelow(arg).map((path) => ({ path, folder: arg }));
  if (found) return [alone(arg)];
  if (isGlob(arg)) return matching(arg).map(alone);
  throw new AichorError('usage', `there is no file ${arg}`, {
    hint: 'name manifests, folders that hold some, or - for standard input',
  });
}

function matching(pattern: string): string[] {
  const base = globBase(pattern);
  const matches = globMatcher(pattern);
  const files = statSync(base, { throwIfNoEntry: false })?.isDirectory()
    ? filesBelow(base).filter(matches)
    : [];
  if (files.length > 0) return files;
  throw new AichorError('usage', `no file matches ${pattern}`, {
    hint: 'patterns know *, **, ?, [abc] and {a,b}',
  });
}

function manifestsBelow(folder: string): string[] {
  const isMeant = (path: string) => isInManifestFolder(path) || isManifest(path);
  const files = filesBelow(folder).filter((path) => /\.ya?ml$/.test(path) && isMeant(path));
  if (files.length > 0) return files;
  throw new AichorError('repository_invalid', `there is no manifest below ${folder}`, {
    hint: `a manifest is a .yaml or .yml file that says "kind: AIchorManifest", or lies in ${FOLDER}`,
  });
}

/** What lies there is meant to be one, whatever it says it is. */
function isInManifestFolder(path: string): boolean {
  const current = process.cwd();
  return relative(repositoryOf(path, current), resolve(path)).startsWith(FOLDER + sep);
}

/** Also one that is broken further down, or too large: it is meant to be one, so it is to be checked. */
function isManifest(path: string): boolean {
  const bytes = readManifestFile(path);
  return KIND.test(
    Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAX_MANIFEST_BYTES)).toString('utf8'),
  );
}

/** Sorted; names as one would type them from here (`a/b.yaml`, not `./a/b.yaml`). */
function filesBelow(folder: string): string[] {
  const files: string[] = [];
  const visit = (path: string): void => {
    for (const entry of entriesOf(path)) {
      const inner = path === '.' ? entry.name : join(path, entry.name);
      if (entry.isDirectory() && !NOT_LOOKED_INTO.has(entry.name)) visit(inner);
      else if (entry.isFile()) files.push(inner);
    }
  };
  visit(folder);
  return files.sort();
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): AichorError {
  return new AichorError('usage', `${path} cannot be read (${systemErrorCode(cause) ?? String(cause)})`, {
    hint: 'name files and folders that you may read',
    cause,
  });
}
