import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAichorError, systemErrorCode } from '../../errors.ts';
import { isAbsent } from '../../base/io/files-sync.ts';
import type { Diagnostic } from '../../manifest/diagnostic.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import type { ManifestFile } from '../../repository/findings.ts';
import type { RepositoryPaths } from '../../repository/paths.ts';
import { directoryPaths } from './repository-around.ts';

/**
 * What is wrong between a manifest, its Dockerfile and the files around them: what no image build accepts, what is copied and
 * not there, variables of the command that nothing sets. Nothing is submitted yet.
 */
export async function dockerfileFindings(
  manifest: Manifest,
  root: string,
  where: ManifestFile,
): Promise<Diagnostic[]> {
  const [
    { readDockerfile },
    { copyFindings, refusedFindings, unreadableFinding },
    { imageVariables, variableFindings },
  ] = await Promise.all([
    import('../../repository/read-dockerfile.ts'),
    import('../../repository/dockerfile-findings.ts'),
    import('../../repository/command-variables.ts'),
  ]);
  const { builder } = manifest;
  const unreadable = new Map<string, string>();
  const read = (path: string) =>
    readFile(join(root, path), 'utf8').catch((error: unknown) => {
      if (!isAbsent(error)) unreadable.set(path, systemErrorCode(error) ?? String(error));
      return null;
    });
  const found = await readDockerfile(builder, { paths: directoryPaths(root), read });
  const image = found === null ? null : imageVariables(found.image);
  const sources = { submitted: null, image, isEngineOpen: false };
  const unset = variableFindings(manifest, sources, where);
  const unread = [...unreadable].map(([path, why]) => unreadableFinding(path, why));
  if (found === null) return [...unset, ...unread];
  const isCopying = found.image.missing.length > 0;
  const copied = isCopying ? copyFindings(found, builder.context, await pathsSent(root)) : [];
  return [...unset, ...unread, ...[...refusedFindings(found), ...copied].sort((a, b) => a.line - b.line)];
}

/** Where that cannot be told (a folder that may not be read), what is there; submitting says why. */
async function pathsSent(root: string): Promise<RepositoryPaths> {
  const { sentPaths } = await import('../../snapshot/packaging/sent-paths.ts');
  try {
    return await sentPaths(root, process.env);
  } catch (error) {
    if (isAichorError(error)) return directoryPaths(root);
    throw error;
  }
}
