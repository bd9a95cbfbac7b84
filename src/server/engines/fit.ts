import type { EngineFit } from '../../api/engine-contract.ts';
import { AichorError } from '../../errors.ts';
import { DEFAULT_PROJECT } from '../../experiment/project-name.ts';
import { parseManifest } from '../../manifest/parse.ts';
import { planManifest } from '../../operators/plan.ts';
import type { ControlPlane } from '../control-plane.ts';
import { engineOf } from './get.ts';
import { placedFindings } from './placed-findings.ts';

/**
 * What an engine lacks at present for a manifest, as submitting it would find. Throws AichorError `manifest_invalid` for
 * one that is not valid by itself, and `engine_unavailable` when the engine cannot be asked.
 */
export async function fitManifest(
  plane: ControlPlane,
  name: string,
  { manifest: text, file }: { manifest: string; file: string },
): Promise<EngineFit> {
  const engine = engineOf(plane, name);
  const { manifest, diagnostics, places } = parseManifest(text, file);
  if (manifest === null)
    throw new AichorError('manifest_invalid', `${file} is not valid`, { diagnostics, hint: null });
  const submission = { message: '', project: DEFAULT_PROJECT, env: {}, secrets: [], vcs: {} };
  const findings = (await engine.fit?.(planManifest(manifest, submission))) ?? [];
  return { diagnostics: placedFindings(findings, { file, places }) };
}
