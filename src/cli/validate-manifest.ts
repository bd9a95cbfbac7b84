import type { DiagnosticCode } from '../manifest/codes.ts';
import { parseManifest } from '../manifest/parse.ts';
import { repositoryFindings } from '../repository/findings.ts';
import type { ValidatedFile } from './print/validation.ts';
import { directoryPaths, repositoryOf } from './repository-around.ts';

interface Validation {
  /** As the user named it; `-` for standard input. */
  path: string;
  source: Uint8Array;
  /** The working directory. */
  current: string;
  strict: boolean;
  ignore: ReadonlySet<DiagnosticCode>;
}

/** One manifest's verdict, and what is missing in the repository around it (which standard input has from here). */
export function validateManifest({ path, source, current, strict, ignore }: Validation): ValidatedFile {
  const { manifest, operator, diagnostics, places } = parseManifest(source, path, { strict, ignore });
  const root = path === '-' ? current : repositoryOf(path, current);
  const around =
    manifest === null ? [] : repositoryFindings(manifest, directoryPaths(root), { file: path, places });
  return {
    path,
    valid: manifest !== null,
    operator,
    diagnostics,
    repository: around.filter(({ severity, code }) => severity === 'error' || !ignore.has(code)),
  };
}
