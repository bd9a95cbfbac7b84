import { findStage } from './find-stage.ts';
import type { Instruction } from './syntax/instruction.ts';
import { InvalidWord, substitute } from './syntax/substitute.ts';

/** What of a stage is known before it is read. */
interface StageOutline {
  name: string | null;
  /** Numbers of the stages that it begins with, copies from or mounts. */
  uses: Set<number>;
  values: Map<string, string>;
}

export interface OutlineRequest {
  /** ARGs before the first FROM, by their values; those of the platform. */
  global: ReadonlyMap<string, string>;
  buildArgs: Readonly<Record<string, string>>;
  target: string | null;
}

/**
 * The numbers of the stages that the one which is built is made of: BuildKit does not even look at what the others copy and run.
 * Pure.
 */
export function neededStages(
  instructions: readonly Instruction[],
  { global, buildArgs, target }: OutlineRequest,
): ReadonlySet<number> {
  const stages: StageOutline[] = [];
  const outer = new Map(global);
  for (const instruction of instructions) {
    const { keyword, properties, escape } = instruction;
    const values = stages.at(-1)?.values ?? outer;
    const put = (text: string) => substituteIfValid(text, { values, escape });
    if (keyword === 'FROM') {
      if (isTarget(stages.at(-1), target)) break;
      stages.push(outlineOf(instruction, { stages, outer }));
    } else if (keyword === 'ARG' || keyword === 'ENV') {
      for (const { name, value } of properties) {
        const given =
          keyword === 'ARG' ? (buildArgs[name] ?? (value === null ? outer.get(name) : undefined)) : undefined;
        const known = given ?? (value === null ? undefined : put(value));
        if (known !== undefined) values.set(name, known);
      }
    } else if (stages.length > 0) for (const ref of refsOf(instruction)) use(put(ref), stages);
  }
  const last = stages.findLastIndex((stage) => isTarget(stage, target));
  return reachable(stages, last === -1 ? stages.length - 1 : last);
}

function isTarget(stage: StageOutline | undefined, target: string | null): boolean {
  return target !== null && stage?.name === target.toLowerCase();
}

function outlineOf(
  { text, escape }: Instruction,
  { stages, outer }: { stages: readonly StageOutline[]; outer: ReadonlyMap<string, string> },
): StageOutline {
  const [image = '', as, name] = text.split(/\s+/);
  const from = substituteIfValid(image, { values: outer, escape });
  const base = stages.findLastIndex((stage) => stage.name !== null && stage.name === from.toLowerCase());
  return {
    name: as?.toUpperCase() === 'AS' && name !== undefined ? name.toLowerCase() : null,
    uses: new Set(base === -1 ? [] : [base]),
    values: new Map(stages[base]?.values ?? []),
  };
}

/** What `COPY --from`, `RUN --mount=from=` and these in an ONBUILD name. */
function refsOf({ flags, keyword, text }: Instruction): string[] {
  if (keyword === 'ONBUILD')
    return [...text.matchAll(/(?:--from=|[=,]from=)([^\s,]+)/g)].flatMap(([, ref = '']) => [ref]);
  return flags.flatMap(({ name, value }) => {
    if (name === 'from') return [value];
    return name === 'mount' ? value.split(',').flatMap((field) => /^from=(.+)$/.exec(field)?.[1] ?? []) : [];
  });
}

function use(ref: string, stages: readonly StageOutline[]): void {
  const earlier = stages.slice(0, -1).map((stage, number) => ({ name: stage.name, number }));
  const found = findStage(earlier, ref);
  if (found !== undefined) stages.at(-1)?.uses.add(found.number);
}

function reachable(stages: readonly StageOutline[], last: number): ReadonlySet<number> {
  const found = new Set<number>();
  const waiting = [last];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    waiting.push(...(stages[at]?.uses ?? []));
  }
  return found;
}

/** What is no valid word is complained of where it is read. */
function substituteIfValid(
  text: string,
  { values, escape }: { values: ReadonlyMap<string, string>; escape: string },
): string {
  try {
    return substitute(text, values, { escape });
  } catch (error) {
    if (!(error instanceof InvalidWord)) throw error;
    return text;
  }
}
