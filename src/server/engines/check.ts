import type { EngineCheck, EngineFit } from '../../api/engine-contract.ts';
import type { Engine, EngineFinding } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import { DEFAULT_PROJECT } from '../../experiment/project-name.ts';
import { parseManifest } from '../../manifest/parse.ts';
import { planManifest } from '../../operators/plan.ts';
import { engineOf } from './get.ts';
import { placedFindings } from './placed-findings.ts';
import type { EngineRegistry } from './registry.ts';

/** What looking at an engine needs. */
export interface EngineLooking {
  registry: EngineRegistry;
}

/** Whether everything is there that an engine needs, looked at now. */
export async function checkEngine({ registry }: EngineLooking, name: string): Promise<EngineCheck> {
  const engine = engineOf(registry, name);
  const entry = registry.entry(name);
  const checks =
    entry === null ? await checkByHealth(engine) : await (await registry.kubernetes()).check(entry);
  return { engine: name, ok: checks.every(({ status }) => status !== 'error'), checks };
}

/** The embedded engine needs nothing that it could lack; one that cannot be made says why. */
async function checkByHealth(engine: Engine): Promise<EngineFinding[]> {
  const { healthy, message, cpus, memory_gb, gpus } = await engine.capacity();
  const offered = `${cpus ?? '?'} CPUs, ${memory_gb ?? '?'} GB of memory, ${gpus ?? 0} GPUs`;
  return [
    healthy
      ? { name: 'machine', status: 'ok', message: offered, hint: null }
      : { name: 'configuration', status: 'error', message: message ?? 'it cannot be used', hint: null },
  ];
}

/**
 * What an engine lacks at present for a manifest, as submitting it would find. Throws AichorError `manifest_invalid` for
 * one that is not valid by itself, and `engine_unavailable` when the engine cannot be asked.
 */
export async function fitManifest(
  { registry }: EngineLooking,
  name: string,
  { manifest: text, file }: { manifest: string; file: string },
): Promise<EngineFit> {
  const engine = engineOf(registry, name);
  const { manifest, diagnostics, places } = parseManifest(text, file);
  if (manifest === null)
    throw new AichorError('manifest_invalid', `${file} is not valid`, { diagnostics, hint: null });
  const submission = { message: '', project: DEFAULT_PROJECT, env: {}, secrets: [], vcs: {} };
  const findings = (await engine.fit?.(planManifest(manifest, submission))) ?? [];
  return { diagnostics: placedFindings(findings, { file, places }) };
}
