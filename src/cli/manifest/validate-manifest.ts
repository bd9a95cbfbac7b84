import type { DiagnosticCode } from '../../manifest/codes.ts';
import type { Diagnostic } from '../../manifest/diagnostic.ts';
import { ignoredLines } from '../../manifest/ignore.ts';
import { parseManifest } from '../../manifest/parse.ts';
import { repositoryFindings } from '../../repository/findings.ts';
import type { ValidatedFile } from '../print/manifest/validation.ts';
import type { EngineChecker } from '../engines/engine-check.ts';
import { dockerfileFindings } from './dockerfile-around.ts';
import { directoryPaths, repositoryOf } from './repository-around.ts';

interface Validation {
  /** As the user named it; `-` for standard input. */
  path: string;
  /** The folder that was named, and that it was found in; null: none was. */
  folder: string | null;
  source: Uint8Array;
  /** The working directory. */
  current: string;
  strict: boolean;
  ignore: ReadonlySet<DiagnosticCode>;
  /** Null: the engine is left open. */
  engine: EngineChecker | null;
}

/** One manifest's verdict, and what is missing in the repository around it (which standard input has from here). */
export async function validateManifest({
  path,
  folder,
  source,
  current,
  strict,
  ignore,
  engine,
}: Validation): Promise<ValidatedFile> {
  const { manifest, operator, diagnostics, places } = parseManifest(source, path, { strict, ignore });
  const root = path === '-' ? current : repositoryOf(path, current, folder);
  const where = { file: path, places };
  const around =
    manifest === null
      ? []
      : [
          ...repositoryFindings(manifest, directoryPaths(root), where),
          ...(await dockerfileFindings(manifest, root, where)),
        ];
  const fit = manifest === null || engine === null ? [] : await engine({ manifest, source, where });
  const { lines } = ignoredLines(Buffer.from(source).toString('utf8'));
  // Comments of the manifest are about the manifest's own lines.
  const heeded = ({ severity, code, line, file }: Diagnostic) =>
    severity === 'error' || !(ignore.has(code) || (file === path && lines.get(line)?.has(code)));
  return {
    path,
    valid: manifest !== null && !fit.some(({ severity }) => severity === 'error'),
    operator,
    diagnostics: [...diagnostics, ...fit.filter(heeded)].sort(inTextOrder),
    repository: around.filter(heeded),
  };
}

function inTextOrder(a: Diagnostic, b: Diagnostic): number {
  return a.line - b.line || a.column - b.column;
}
