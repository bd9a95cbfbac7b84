import { isAichorError, type AichorError } from '../../../errors.ts';
import type { Diagnostic } from '../../../manifest/diagnostic.ts';
import { isProtected } from '../../../operators/protected.ts';
import { EMBEDDED_ENGINE } from '../choose-engine.ts';
import { manifestText, type FoundManifest } from '../find-manifest.ts';
import type { CompleteSubmission, Prepared } from '../submission.ts';

/** Stands in the record when no manifest was found in the commit. */
const USUAL_MANIFEST = 'aichor_manifests/manifest.yaml';

/**
 * A commit whose manifest is missing or invalid as an experiment (contract 6): nobody may be there to read an error, so
 * it is `Failed` at `clone` and says why. Null: what was thrown is an error of the request.
 */
export function failedAtClone(
  thrown: unknown,
  { source, engine, manifest_path }: CompleteSubmission,
  found: FoundManifest | null,
): Prepared | null {
  if (source.kind !== 'commit' || !isAichorError(thrown) || !isAboutManifest(thrown)) return null;
  const reason =
    thrown.code === 'repository_invalid' && found !== null ? 'RepositoryInvalid' : 'ManifestInvalid';
  return {
    engine: engine.asked ?? engine.preferred ?? EMBEDDED_ENGINE,
    manifest_path: found?.path ?? manifest_path ?? USUAL_MANIFEST,
    manifest: found === null ? '' : manifestText(found),
    plan: null,
    facts: [
      { type: 'step', step: 'clone', message: 'the manifest cannot be used' },
      { type: 'failure', reason, explanation: explain(thrown) },
      { type: 'ended' },
    ],
  };
}

function isAboutManifest(error: AichorError): boolean {
  return error.code === 'manifest_invalid' || error.code === 'repository_invalid';
}

/** `--env AICHOR_X=…` is a mistake of the request, whatever the commit holds: it is refused, and no experiment made. */
export function namesProtected({ env, secrets }: Pick<CompleteSubmission, 'env' | 'secrets'>): boolean {
  return [...Object.keys(env), ...Object.keys(secrets)].some((name) => isProtected(name));
}

/** Every mistake with its place, one a line, as a compiler says them. */
function explain({ message, hint, diagnostics = [] }: AichorError): string {
  const lines = diagnostics
    .filter(isMistake)
    .map((found) => `${found.file}:${found.line}:${found.column}: ${found.message}`);
  if (lines.length > 0) return [`${message}:`, ...lines].join('\n');
  return hint === null ? message : `${message}; ${hint}`;
}

function isMistake(finding: object): finding is Diagnostic {
  return 'severity' in finding && finding.severity === 'error';
}
