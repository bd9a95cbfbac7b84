import { ENGINE_KINDS } from '../../operators/engine-kinds.ts';
import type { Client } from '../../client/client.ts';
import { AichorError } from '../../errors.ts';
import { DEFAULT_PROJECT } from '../../experiment/project-name.ts';
import type { Diagnostic } from '../../manifest/diagnostic.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { placed, type Placement } from '../../manifest/places/placed.ts';
import { engineFindings } from '../../operators/engine-fit.ts';
import { planManifest } from '../../operators/plan.ts';

/** A valid manifest, and the text it was read from. */
interface Checked {
  manifest: Manifest;
  source: Uint8Array;
  where: Placement;
}

/** Whether a valid manifest fits an engine. */
export type EngineChecker = (checked: Checked) => Promise<Diagnostic[]>;

/**
 * The check against the engine of that name: this machine by what it has in all, a cluster by what the control plane finds
 * on its nodes. Throws AichorError `engine_unavailable` when there is none.
 */
export async function engineCheck(client: Client, name: string): Promise<EngineChecker> {
  const { engines } = await client.engines();
  const engine = engines.find((each) => each.name === name);
  if (!engine) {
    throw new AichorError('engine_unavailable', `there is no engine called ${JSON.stringify(name)}`, {
      hint: `the engines there are: ${engines.map((each) => each.name).join(', ')}`,
    });
  }
  if (ENGINE_KINDS[engine.kind].fitsByNodes) {
    return async ({ source, where: { file } }) => {
      const manifest = Buffer.from(source).toString('utf8');
      return (await client.fitEngine(name, { manifest, file })).diagnostics;
    };
  }
  const submission = { message: '', project: DEFAULT_PROJECT, env: {}, secrets: [], vcs: {} };
  return async ({ manifest, where }) =>
    engineFindings(planManifest(manifest, submission), engine, where.places).map((finding) =>
      placed(finding, where),
    );
}
