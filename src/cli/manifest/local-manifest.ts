import { readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { AichorError, systemErrorCode } from '../../errors.ts';
import type { Diagnostic } from '../../manifest/diagnostic.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { withChanges } from '../../manifest/changes.ts';
import { parseManifest } from '../../manifest/parse.ts';
import { repositoryFindings } from '../../repository/findings.ts';
import type { RepositoryPaths } from '../../repository/paths.ts';
import type { Places } from '../../manifest/places/places.ts';
import { locateManifest } from '../../repository/locate.ts';
import { directoryPaths } from './repository-around.ts';

export interface LocalManifest {
  manifest: Manifest;
  /** From the root of the repository, with `/`. */
  path: string;
  /** Which of two manifests was taken. */
  notices: { code: string; message: string }[];
  warnings: Diagnostic[];
  /** Where things stand in it. */
  places: Places | null;
  /** Its text, and what it is called from here. */
  source: { text: string; file: string };
}

interface Reading {
  /** The repository's directory. */
  root: string;
  /** `--manifest-path`. */
  requested: string | null;
  /** The directory that files are named from; without it the current one. */
  namedFrom?: string | undefined;
  /** Changes for one run (`--set`). */
  set?: readonly string[];
  /** Told of each file's text, so that mistakes can be shown in it. */
  onSource(file: string, text: string): void;
}

/**
 * The manifest of a directory, checked before anything is sent. Throws AichorError `usage` (no such directory),
 * `manifest_invalid` and `repository_invalid` with all diagnostics; their files are as one would open them from here.
 */
export function readLocalManifest({
  root,
  requested,
  namedFrom,
  set = [],
  onSource,
}: Reading): LocalManifest {
  assertDirectory(root);
  const { path, notices } = locateManifest(directoryPaths(root), requested);
  const file = relative(namedFrom ?? process.cwd(), resolve(root, path)) || path;
  const written = readSource(root, path);
  const text = withChanges(Buffer.from(written).toString('utf8'), set);
  const source = set.length === 0 ? written : text;
  onSource(file, text);
  const { manifest, diagnostics, places } = parseManifest(source, file);
  if (manifest === null) throw invalidManifest(file, diagnostics);
  return { manifest, path, notices: [...notices], warnings: diagnostics, places, source: { text, file } };
}

/** Checks the repository around the manifest as it will be sent. Throws AichorError `repository_invalid`. */
export function assertRepository(
  { manifest, path, places, source }: LocalManifest,
  sent: RepositoryPaths,
): void {
  if (!sent.has(path)) {
    throw new AichorError('repository_invalid', `${path} is not among the files that would be sent`, {
      hint: 'an ignore rule leaves it out: take it back with `!` in .aichorignore',
    });
  }
  const findings = repositoryFindings(manifest, sent, { file: source.file, places });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw invalid('repository_invalid', `the repository around ${path}`, findings);
}

/** A manifest that cannot be planned, with all its mistakes. */
export function invalidManifest(file: string, diagnostics: Diagnostic[]): AichorError {
  return invalid('manifest_invalid', file, diagnostics);
}

function invalid(
  code: 'manifest_invalid' | 'repository_invalid',
  where: string,
  diagnostics: Diagnostic[],
): AichorError {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const [only] = errors;
  const mistakes = errors.length === 1 && only ? `1 mistake: ${only.message}` : `${errors.length} mistakes`;
  return new AichorError(code, `${where} has ${mistakes}`, {
    hint: only?.hint ?? '`aichor manifest validate` shows each with its place',
    diagnostics,
  });
}

function readSource(root: string, path: string): Uint8Array {
  try {
    return readFileSync(join(root, path));
  } catch (cause) {
    throw new AichorError(
      'repository_invalid',
      `${path} cannot be read (${systemErrorCode(cause) ?? String(cause)})`,
      {
        hint: 'make it a file that you may read',
        cause,
      },
    );
  }
}

function assertDirectory(root: string): void {
  const found = statSync(root, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  throw new AichorError('usage', `${root} ${found ? 'is not a directory' : 'does not exist'}`, {
    hint: 'name the directory of the repository with --repo-dir',
  });
}
