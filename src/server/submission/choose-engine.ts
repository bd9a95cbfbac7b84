import type { Engine } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import type { Notice } from '../../experiment/record.ts';
import { didYouMean } from '../../base/text/did-you-mean.ts';
import type { ProjectRules } from '../projects/rules.ts';
import type { EngineWishes } from './submission.ts';

/** The engine that every control plane has. */
export const EMBEDDED_ENGINE = 'local';

interface Choosing {
  /** What the manifest says. */
  manifest: string | null;
  mayRunHere: boolean;
  /** What its project says; absent: nothing. */
  project?: Pick<ProjectRules, 'engines' | 'default_engine'> & { name: string };
}

/**
 * Which engine an experiment goes to (contract 3.2). A name that is not configured is an error with the names there
 * are; only a manifest's own `engineName` is passed over, with a notice, where the embedded engine is the only one.
 */
export function chooseEngine(
  engines: ReadonlyMap<string, Engine>,
  { asked, manifest, preferred, mayRunHere, project }: EngineWishes & Choosing,
): { engine: Engine; notice: Notice | null } {
  const allowed = project?.engines ?? null;
  const name = asked ?? manifest ?? project?.default_engine ?? preferred ?? allowed?.[0] ?? EMBEDDED_ENGINE;
  if (name === EMBEDDED_ENGINE && !mayRunHere) throw notHere(engines);
  const engine = engines.get(name) ?? byFullId(engines, name);
  if (engine !== null) {
    if (allowed?.includes(engine.name) === false)
      throw notTheProjects(engine.name, project?.name ?? '', allowed);
    return { engine, notice: null };
  }
  const only = engines.size === 1 ? engines.get(EMBEDDED_ENGINE) : undefined;
  if (only !== undefined && mayRunHere && asked === null && manifest !== null) {
    const message = `the manifest names the engine ${JSON.stringify(manifest)}; there is only ${EMBEDDED_ENGINE} here, so it runs there`;
    return { engine: only, notice: { code: 'engine_replaced', message } };
  }
  const names = [...engines.keys()].filter((each) => mayRunHere || each !== EMBEDDED_ENGINE);
  const meant = didYouMean(name, names);
  const there = names.length === 0 ? NO_ENGINE : `the engines there are: ${names.join(', ')}`;
  throw new AichorError('engine_unavailable', `there is no engine called ${JSON.stringify(name)}`, {
    hint: meant === null ? there : `did you mean ${meant}? ${there}`,
  });
}

function notTheProjects(engine: string, project: string, allowed: readonly string[]): AichorError {
  return new AichorError(
    'engine_unavailable',
    `the project ${JSON.stringify(project)} may not use the engine ${engine}`,
    { hint: `it may use ${allowed.join(', ')}; an admin changes that with aichor projects update --engines` },
  );
}

const NO_ENGINE = 'whoever runs the server adds a cluster with aichor engines add, or starts it with --local';

/** A pod there has the rights of the server's user: it reads other people's secrets, and every key. */
function notHere(engines: ReadonlyMap<string, Engine>): AichorError {
  const others = [...engines.keys()].filter((name) => name !== EMBEDDED_ENGINE);
  return new AichorError('engine_unavailable', 'this server runs nothing on its own machine (engine local)', {
    hint: others.length === 0 ? NO_ENGINE : `name one with --engine: ${others.join(', ')}`,
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
