import { AichorError, isAichorError } from '../../errors.ts';
import type { Diagnostic, Finding } from '../../manifest/diagnostic.ts';
import { placed, type Placement } from '../../manifest/places/placed.ts';
import { atItsPlace } from '../../operators/engine-fit.ts';

/** What an engine refuses because of the manifest, with file and line: engines know paths only. */
export async function withPlaces<T>(asked: Promise<T>, where: Placement): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!isAichorError(error) || error.code !== 'engine_unavailable' || error.diagnostics === undefined)
      throw error;
    const { code, message, hint, cause } = error;
    const diagnostics = placedFindings(error.diagnostics.filter(isFinding), where);
    throw new AichorError(code, message, { hint, cause, diagnostics });
  }
}

export function placedFindings(findings: readonly Finding[], where: Placement): Diagnostic[] {
  return findings.map((finding) => placed(atItsPlace(finding, where.places), where));
}

function isFinding(finding: object): finding is Finding {
  return 'path' in finding && Array.isArray(finding.path) && 'at' in finding && 'code' in finding;
}
