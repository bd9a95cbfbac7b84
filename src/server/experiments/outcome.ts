import type { Engine, SnapshotReader } from '../../engines/engine.ts';
import { isAichorError, type AichorError } from '../../errors.ts';
import type { ExperimentFact } from '../../experiment/event.ts';
import type { Plan } from '../../experiment/plan.ts';
import type { Diagnostic } from '../../manifest/diagnostic.ts';
import { isProtected } from '../../operators/protected.ts';
import { noticeFacts } from '../submission/notice-facts.ts';
import {
  findManifest,
  manifestText,
  prepare,
  type FoundManifest,
  type Prepared,
  type PrepareRequest,
} from '../submission/prepare.ts';

/**
 * What the manifest in a commit came to. An invalid one becomes an experiment too (contract 6): nobody may be there to
 * read an error, so it is `Failed` at `clone` and says why.
 */
export type Outcome = { prepared: Prepared } | { invalid: AichorError; found: FoundManifest | null };

/** As `prepare`, but findings about manifest and repository are a value, not an error. */
export async function tryPrepare(
  engines: ReadonlyMap<string, Engine>,
  request: PrepareRequest,
  manifestPath: string | null,
): Promise<Outcome> {
  const { snapshot }: { snapshot: SnapshotReader } = request;
  let found: FoundManifest | null = null;
  try {
    found = await findManifest(snapshot, manifestPath);
    return { prepared: await prepare(engines, request, found) };
  } catch (error) {
    if (isAichorError(error) && isAboutManifest(error) && !namesProtected(request))
      return { invalid: error, found };
    throw error;
  }
}

function isAboutManifest(error: AichorError): boolean {
  return error.code === 'manifest_invalid' || error.code === 'repository_invalid';
}

/** `--env AICHOR_X=…` is a mistake of the request, whatever the commit holds: it is refused, and no experiment made. */
function namesProtected({ submission }: PrepareRequest): boolean {
  return [...Object.keys(submission.env), ...submission.secrets].some((name) => isProtected(name));
}

interface Described {
  engine: string;
  manifestPath: string;
  manifest: string;
  plan: Plan | null;
  facts: ExperimentFact[];
}

/** An outcome as an experiment: what is known of it, and the facts it begins with. */
export function describe(outcome: Outcome, fallback: { engine: string; manifestPath: string }): Described {
  if ('prepared' in outcome) {
    const { engine, manifestPath, manifest, plan, notices } = outcome.prepared;
    return { engine: engine.name, manifestPath, manifest, plan, facts: noticeFacts(notices) };
  }
  const { invalid, found } = outcome;
  const reason =
    invalid.code === 'repository_invalid' && found !== null ? 'RepositoryInvalid' : 'ManifestInvalid';
  return {
    engine: fallback.engine,
    manifestPath: found?.path ?? fallback.manifestPath,
    manifest: found === null ? '' : manifestText(found),
    plan: null,
    facts: [
      { type: 'step', step: 'clone', message: 'the manifest cannot be used' },
      { type: 'failure', reason, explanation: explain(invalid) },
      { type: 'ended' },
    ],
  };
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
