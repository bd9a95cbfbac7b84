import type { Engine } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import type { Notice } from '../../experiment/record.ts';
import { didYouMean } from '../../base/text/did-you-mean.ts';
import type { EngineWishes } from './submission.ts';

/** The engine that every control plane has. */
export const EMBEDDED_ENGINE = 'local';

/**
 * Which engine an experiment goes to (contract 3.2). A name that is not configured is an error with the names there
 * are; only a manifest's own `engineName` is passed over, with a notice, where the embedded engine is the only one.
 */
export function chooseEngine(
  engines: ReadonlyMap<string, Engine>,
  { asked, manifest, preferred }: EngineWishes & { manifest: string | null },
): { engine: Engine; notice: Notice | null } {
  const name = asked ?? manifest ?? preferred ?? EMBEDDED_ENGINE;
  const engine = engines.get(name) ?? byFullId(engines, name);
  if (engine !== null) return { engine, notice: null };
  const only = engines.size === 1 ? engines.get(EMBEDDED_ENGINE) : undefined;
  if (only !== undefined && asked === null && manifest !== null) {
    const message = `the manifest names the engine ${JSON.stringify(manifest)}; there is only ${EMBEDDED_ENGINE} here, so it runs there`;
    return { engine: only, notice: { code: 'engine_replaced', message } };
  }
  const names = [...engines.keys()];
  const meant = didYouMean(name, names);
  const there = `the engines there are: ${names.join(', ')}`;
  throw new AichorError('engine_unavailable', `there is no engine called ${JSON.stringify(name)}`, {
    hint: meant === null ? there : `did you mean ${meant}? ${there}`,
  });
}

/** How many characters of an engine's name its full id has. */
const ID_LENGTH = 12;

/**
 * The engine that the platform's full id means, `<the name's first 12 characters>-<16 hexadecimal digits>`. Throws when
 * the name of more than one begins like that.
 */
function byFullId(engines: ReadonlyMap<string, Engine>, id: string): Engine | null {
  const start = /^(.{1,12})-[0-9a-f]{16}$/.exec(id)?.[1];
  if (start === undefined) return null;
  const meant = [...engines.values()].filter(
    ({ name }) => name.slice(0, ID_LENGTH).replace(/-$/, '') === start,
  );
  if (meant.length <= 1) return meant[0] ?? null;
  throw new AichorError('ambiguous', `the engine ${JSON.stringify(id)} could be any of several`, {
    hint: `name one of them: ${meant.map(({ name }) => name).join(', ')}`,
  });
}
