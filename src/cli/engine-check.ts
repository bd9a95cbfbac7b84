import type { EngineList } from '../api/contract.ts';
import { AichorError } from '../errors.ts';
import { DEFAULT_PROJECT } from '../experiment/project-name.ts';
import type { Diagnostic } from '../manifest/diagnostic.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { placed, type Placement } from '../manifest/placed.ts';
import { engineFindings } from '../operators/engine-fit.ts';
import { planManifest } from '../operators/plan.ts';

/** Whether a valid manifest fits an engine. */
export type EngineCheck = (manifest: Manifest, where: Placement) => Diagnostic[];

/** The check against the engine of that name. Throws AichorError `engine_unavailable` when there is none. */
export function engineCheck({ engines }: EngineList, name: string): EngineCheck {
  const engine = engines.find((each) => each.name === name);
  if (!engine) {
    throw new AichorError('engine_unavailable', `there is no engine called ${JSON.stringify(name)}`, {
      hint: `the engines there are: ${engines.map((each) => each.name).join(', ')}`,
    });
  }
  const submission = { message: '', project: DEFAULT_PROJECT, env: {}, secrets: [], vcs: {} };
  return (manifest, where) =>
    engineFindings(planManifest(manifest, submission), engine, where.places).map((finding) =>
      placed(finding, where),
    );
}
