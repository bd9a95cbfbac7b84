import { findStage } from './find-stage.ts';
import { readInstruction, type Instruction } from './syntax/instruction.ts';
import { InvalidWord, substitute } from './syntax/substitute.ts';

/** What of a stage is known before it is read. */
interface StageOutline {
  name: string | null;
  number: number;
  /** Numbers of the stages that it begins with, copies from or mounts. */
  uses: Set<number>;
  /** What those name that begin with it. */
  triggered: Set<string>;
}

export interface OutlineRequest {
  /** ARGs before the first FROM, by their values; those of the platform. */
  global: ReadonlyMap<string, string>;
  buildArgs: Readonly<Record<string, string>>;
  target: string | null;
}

const NO_VALUES: ReadonlyMap<string, string> = new Map();

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
    const put = (text: string) => substituteIfValid(text, { values: outer, escape });
    const stage = stages.at(-1);
    if (keyword === 'FROM') {
      if (isTarget(stage, target)) break;
      begin(instruction, { stages, put });
    } else if (stage === undefined) {
      if (keyword === 'ARG')
        for (const { name, value } of properties) {
          const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined;
          const known = given ?? (value === null ? undefined : put(value));
          if (known !== undefined) outer.set(name, known);
        }
    } else if (keyword === 'ONBUILD') {
      for (const ref of refsOf(readInstruction(instruction.text, escape))) stage.triggered.add(ref);
    } else use(refsOf(instruction), stages);
  }
  const last = stages.findLastIndex((stage) => isTarget(stage, target));
  return reachable(stages, last === -1 ? stages.length - 1 : last);
}

function isTarget(stage: StageOutline | undefined, target: string | null): boolean {
  return target !== null && stage?.name === target.toLowerCase();
}

function begin(
  { text }: Instruction,
  { stages, put }: { stages: StageOutline[]; put: (text: string) => string },
): void {
  const [image = '', as, name] = text.split(/\s+/);
  const from = put(image).toLowerCase();
  const base = stages.findLast((stage) => stage.name !== null && stage.name === from);
  stages.push({
    name: as?.toUpperCase() === 'AS' && name !== undefined ? name.toLowerCase() : null,
    number: stages.length,
    uses: new Set(base === undefined ? [] : [base.number]),
    triggered: new Set(),
  });
  use(base?.triggered ?? new Set(), stages);
}

/** What `COPY --from` and `RUN --mount=from=` name. */
function refsOf({ flags, escape }: Pick<Instruction, 'flags' | 'escape'>): Set<string> {
  const plain = (text: string) =>
    text.includes('$') ? text : substituteIfValid(text, { values: NO_VALUES, escape });
  return new Set(
    flags.flatMap(({ name, value }) => {
      if (name === 'from') return [plain(value)];
      return name === 'mount' ? value.split(',').flatMap((field) => refOf(plain(field))) : [];
    }),
  );
}

/** Of one field of a mount. */
function refOf(field: string): string[] {
  const equals = field.indexOf('=');
  const key = field
    .slice(0, equals === -1 ? undefined : equals)
    .replace(/["']/g, '')
    .trim();
  if (key.includes('$')) return [key];
  return key === 'from' && equals !== -1 ? [field.slice(equals + 1).trim()] : [];
}

/** BuildKit refuses a name with a variable in it; here it may be any of the stages. */
function use(refs: ReadonlySet<string>, stages: readonly StageOutline[]): void {
  const stage = stages.at(-1);
  if (stage === undefined || refs.size === 0) return;
  const earlier = stages.slice(0, -1);
  for (const ref of refs) {
    const found = findStage(earlier, ref);
    if (found !== undefined) stage.uses.add(found.number);
  }
  if ([...refs].some((ref) => ref.includes('$'))) for (const { number } of earlier) stage.uses.add(number);
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
