import type { Engine } from '../engines/engine.ts';
import { AichorError } from '../errors.ts';
import type { Notice } from '../experiment/record.ts';

interface EngineWishes {
  /** `--engine` or `AICHOR_ENGINE`. */
  asked: string | null;
  /** `spec.engineName`. */
  manifest: string | null;
  /** `context set engine`. */
  preferred: string | null;
}

/** The engine that every control plane has. */
export const EMBEDDED_ENGINE = 'local';

/**
 * Which engine an experiment goes to (contract 3.2). A name that is not configured is an error with the names there
 * are; only a manifest's own `engineName` is passed over, with a notice, where the embedded engine is the only one.
 */
export function chooseEngine(
  engines: ReadonlyMap<string, Engine>,
  { asked, manifest, preferred }: EngineWishes,
): { engine: Engine; notice: Notice | null } {
  const name = asked ?? manifest ?? preferred ?? EMBEDDED_ENGINE;
  const engine = engines.get(name);
  if (engine !== undefined) return { engine, notice: null };
  const only = engines.size === 1 ? engines.get(EMBEDDED_ENGINE) : undefined;
  if (only !== undefined && asked === null && manifest !== null) {
    const message = `the manifest names the engine ${JSON.stringify(manifest)}; there is only ${EMBEDDED_ENGINE} here, so it runs there`;
    return { engine: only, notice: { code: 'engine_replaced', message } };
  }
  throw new AichorError('engine_unavailable', `there is no engine called ${JSON.stringify(name)}`, {
    hint: `the engines there are: ${[...engines.keys()].join(', ')}`,
  });
}
