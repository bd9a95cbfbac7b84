import type { DiagnosticCode } from '../manifest/codes.ts';
import type { Diagnostic, Path } from '../manifest/diagnostic.ts';
import { didYouMean } from '../base/text/did-you-mean.ts';
import { innerPath } from '../manifest/inner-path.ts';
import type { Builder } from '../manifest/manifest.ts';
import { placed } from '../manifest/places/placed.ts';
import type { Places } from '../manifest/places/places.ts';
import { missingScript } from './command-script.ts';
import type { RepositoryPaths } from './paths.ts';

/** What findings call the manifest, and where things stand in it (`parseManifest` gives that; else line 1). */
export interface ManifestFile {
  file: string;
  places: Places | null;
}

/**
 * What a manifest names and the repository does not have: its context, its Dockerfile, the script of its command. Apart from the
 * manifest's own verdict. Paths count from the repository's root.
 */
export function repositoryFindings(
  manifest: { builder: Builder; spec?: { command: string } },
  paths: RepositoryPaths,
  file: string | ManifestFile,
): Diagnostic[] {
  const where = typeof file === 'string' ? { file, places: null } : file;
  const { context, dockerfile } = manifest.builder;
  const found = dockerfileOf(manifest.builder, paths);
  if (!hasFolder(paths, context)) {
    const hint =
      nearFolder(paths, context) ?? 'write the folder that holds the Dockerfile and the code, or "."';
    return [
      finding(where, {
        code: 'context-missing',
        path: ['builder', 'context'],
        message: `there is no folder ${context} in the repository`,
        hint,
      }),
    ];
  }
  const script = scriptFinding(manifest, paths, where);
  if (found === null) {
    const inContext = innerPath(context, dockerfile) ?? dockerfile;
    const hint =
      nearFile(paths, inContext) ??
      'add one ("aichor manifest init" writes one), or correct builder.dockerfile';
    return [
      finding(where, {
        code: 'dockerfile-missing',
        path: ['builder', 'dockerfile'],
        message: `there is no ${inContext} in the repository`,
        hint,
      }),
      ...script,
    ];
  }
  if (!found.atRoot) return script;
  const message = `${found.path} is at the root of the repository, not in the context ${context}`;
  const hint = `dockerfile is relative to context: move it there, or write "${'../'.repeat(context.split('/').length)}${found.path}"`;
  return [
    finding(where, { code: 'dockerfile-at-root', path: ['builder', 'dockerfile'], message, hint }),
    ...script,
  ];
}

/** With `skipBuild` the code is an earlier one's: nothing is known of it here. */
function scriptFinding(
  { builder, spec }: { builder: Builder; spec?: { command: string } },
  paths: RepositoryPaths,
  where: ManifestFile,
): Diagnostic[] {
  if (spec === undefined || builder.skipBuild !== null) return [];
  const missing = missingScript(spec.command, builder.context, paths);
  if (missing === null) return [];
  const near = missing.meant === null ? '' : `; ${missing.meant} is`;
  const message = `the command runs ${missing.script}, which is not in the repository${near}`;
  const hint =
    missing.meant === null
      ? 'correct spec.command, or add the file; paths count from the folder that the image works in'
      : `did you mean ${missing.meant}?`;
  return [finding(where, { code: 'script-missing', path: ['spec', 'command'], message, hint })];
}

/** Where the Dockerfile lies: in the context, else at the root; null when it is in neither. */
export function dockerfileOf(
  { context, dockerfile }: Pick<Builder, 'context' | 'dockerfile'>,
  paths: RepositoryPaths,
): { path: string; atRoot: boolean } | null {
  const inContext = innerPath(context, dockerfile);
  if (inContext !== null && paths.has(inContext)) return { path: inContext, atRoot: false };
  const atRoot = innerPath('.', dockerfile);
  return atRoot !== null && paths.has(atRoot) ? { path: atRoot, atRoot: true } : null;
}

function hasFolder(paths: RepositoryPaths, folder: string): boolean {
  if (folder === '.') return true;
  if (paths.hasFolder) return paths.hasFolder(folder);
  return paths.list().some((path) => path.startsWith(`${folder}/`));
}

function nearFolder(paths: RepositoryPaths, folder: string): string | null {
  const folders = new Set(
    paths.list().flatMap((path) => (path.includes('/') ? [path.slice(0, path.lastIndexOf('/'))] : [])),
  );
  const meant = didYouMean(folder, [...folders].slice(0, 1000));
  return meant === null ? null : `did you mean ${meant}?`;
}

/** A file of nearly that name, or another Dockerfile. */
function nearFile(paths: RepositoryPaths, path: string): string | null {
  const dockerfiles = paths.list().filter((each) => /(^|\/)[^/]*dockerfile[^/]*$/i.test(each));
  const meant = didYouMean(path, dockerfiles) ?? dockerfiles[0];
  return meant === undefined ? null : `${meant} is there`;
}

function finding(
  where: ManifestFile,
  what: { code: DiagnosticCode; path: Path; message: string; hint: string },
): Diagnostic {
  return placed({ ...what, at: 'value' }, where);
}
