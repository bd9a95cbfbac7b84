import { readBaseImage } from './base-image.ts';
import { applyCopy, type CopyPlace } from './copy.ts';
import { findStage } from './find-stage.ts';
import { neededStages } from './needed-stages.ts';
import { pythonOf, withEnvironmentOf } from './stage-python.ts';
import { applyRun } from './run/apply.ts';
import { askedPython, condaHomes } from './run/made-environment.ts';
import type { Runner } from './run/request.ts';
import { DockerfileTooLarge, tooMany, tooMuch } from './limits.ts';
import { continueStage, newStage, type Install, type LineNote, type Stage } from './stage.ts';
import { InvalidDockerfile } from './syntax/lines.ts';
import { readInstruction, readInstructions, type Instruction } from './syntax/instruction.ts';
import { refusal } from './syntax/refusal.ts';
import { InvalidWord, substitute } from './syntax/substitute.ts';
import { readDockerIgnore } from './tree/docker-ignore.ts';
import { imagePath } from './tree/image-path.ts';
import { contextTree, ImageTree, type ContextEntry, type FileNode } from './tree/image-tree.ts';

/** What a Dockerfile makes of a context, as far as processes without a container can have it. */
export interface Image {
  /** Number of the stage that it is. */
  stage: number;
  /** The image outside of the file that the last stage begins with. */
  base: string | null;
  /** Python of the base image, or of a stage whose environment is copied; null: not known. */
  python: string | null;
  /** What the base image brings. */
  packages: string[];
  /** ENV in order, with variables put in; `$PATH` of the base stays as `$PATH`. */
  env: Map<string, string>;
  /** Names of ARG that the last stage has, with a value or without. */
  args: ReadonlySet<string>;
  /** Where a command starts. */
  workdir: string;
  /** Files and folders that instructions put there; `copies` tells whether there are any of the context. */
  tree: ImageTree;
  copies: boolean;
  /** In order; of all stages that the last one is made of. */
  installs: Install[];
  /** RUN lines that these stand in. */
  installing: LineNote[];
  /** For each stage, what its install commands see. */
  sources: ReadonlyMap<number, ImageTree>;
  /** Folders of virtual environments that its commands made. */
  environments: ReadonlySet<string>;
  notHonoured: LineNote[];
  /** RUN lines that only a shell can follow, and none did. */
  unfollowed: LineNote[];
  /** What COPY names and the context has not. */
  missing: { line: number; path: string }[];
  /** What no image build accepts. */
  refused: LineNote[];
}

export interface ImageRequest {
  text: string;
  buildArgs: Readonly<Record<string, string>>;
  target: string | null;
  /** What the context holds; or `readContext` of it, by who reads one context several times. */
  context: readonly ContextEntry[] | ImageTree;
  /** Text of the .dockerignore that counts, or null. */
  ignore: string | null;
  /** Follows RUN lines; null: those are read that need no shell. */
  runner?: Runner | null;
  /** What is in an archive, by its content; null: it is none. */
  unpack?: (file: FileNode) => Promise<ImageTree | null>;
  /** Called between steps of the work: others may run meanwhile. */
  turn?: () => Promise<void>;
}

/** The platform that images are built for. */
const PLATFORM: Readonly<Record<string, string>> = {
  TARGETPLATFORM: 'linux/amd64',
  TARGETOS: 'linux',
  TARGETARCH: 'amd64',
  TARGETVARIANT: '',
  BUILDPLATFORM: 'linux/amd64',
  BUILDOS: 'linux',
  BUILDARCH: 'amd64',
  BUILDVARIANT: '',
};

/**
 * Reads a Dockerfile to the end of the stage that is built. Without a stage in it the image is an empty one, and refused.
 *
 * @throws DockerfileTooLarge when there is more of it than is read
 */
export async function readImage(request: ImageRequest): Promise<Image> {
  const { text, target, context, ignore, turn = () => Promise.resolve() } = request;
  refuseTooMuch(tooMuch(text, ignore));
  const refused: LineNote[] = [];
  const reading: Reading = {
    request,
    stages: [],
    global: new Map(Object.entries({ ...PLATFORM, TARGETSTAGE: target ?? 'default' })),
    context: context instanceof ImageTree ? context : await readContext(context, { ignore, turn }),
    unpack: request.unpack ?? (() => Promise.resolve(null)),
    refuse: (note) => refused.push(note),
    isFollowed: false,
    needed: new Set(),
  };
  const instructions = instructionsOf(text, refused);
  refuseTooMuch(tooMany(instructions.length));
  reading.needed = neededStages(instructions, { ...request, global: reading.global });
  for (const [index, instruction] of instructions.entries()) {
    await turn();
    if (instruction.keyword === 'FROM' && isTarget(reading.stages, target)) break;
    reading.isFollowed = instruction.keyword === 'RUN' && isFollowed(instructions, index);
    await applyCarefully(instruction, reading);
  }
  if (target !== null && target !== '' && !reading.stages.some(({ name }) => name === target.toLowerCase()))
    refused.push({ line: 1, what: `target stage ${JSON.stringify(target)} could not be found` });
  const last =
    reading.stages.findLast((_, index) => isTarget(reading.stages.slice(0, index + 1), target)) ??
    reading.stages.at(-1);
  if (last !== undefined) return toImage(last, { stages: reading.stages, refused });
  const nothing = newStage({ name: null, base: null, number: 0 });
  return toImage(nothing, { stages: [], refused: [withoutStage(text, { instructions, refused })] });
}

/** A context without what a .dockerignore keeps out: what COPY copies from. */
export async function readContext(
  entries: readonly ContextEntry[],
  { ignore, turn }: Required<Pick<ImageRequest, 'ignore' | 'turn'>>,
): Promise<ImageTree> {
  return contextTree(entries, { isIgnored: readDockerIgnore(ignore ?? ''), turn });
}

/** What text in UTF-8 does not have: NUL, other signs that steer, and what stands for bytes that are none. */
// oxlint-disable-next-line no-control-regex
const NO_TEXT = /[\0-\u0008\u000E-\u001F\u007F\uFFFD]/;

/** Why there is no stage: the first thing that a build stumbles upon. */
function withoutStage(
  text: string,
  { instructions, refused }: { instructions: readonly Instruction[]; refused: readonly LineNote[] },
): LineNote {
  if (NO_TEXT.test(text))
    return { line: 1, what: 'it is not text in UTF-8, but binary, or saved as UTF-16 or the like' };
  const [first] = refused;
  if (first !== undefined) return first;
  const what =
    instructions.length === 0 ? 'file with no instructions' : 'dockerfile contains no stages to build';
  return { line: 1, what };
}

function refuseTooMuch(what: string | null): void {
  if (what !== null) throw new DockerfileTooLarge(what);
}

function instructionsOf(text: string, refused: LineNote[]): Instruction[] {
  try {
    return readInstructions(text);
  } catch (error) {
    if (!(error instanceof InvalidDockerfile)) throw error;
    refused.push({ line: error.line, what: error.message });
    return readInstructions(
      text
        .split('\n')
        .slice(0, error.line - 1)
        .join('\n'),
    );
  }
}

interface Reading extends CopyPlace {
  request: ImageRequest;
  stages: Stage[];
  /** ARGs before the first FROM, and those of the platform. */
  global: Map<string, string>;
  /** After the present RUN another one comes before anything looks at the stage's files. */
  isFollowed: boolean;
  /** Numbers of the stages that what is built is made of. */
  needed: ReadonlySet<number>;
}

function isTarget(stages: readonly Stage[], target: string | null): boolean {
  const last = stages.at(-1);
  if (target === null || last === undefined) return false;
  return last.name === target.toLowerCase();
}

async function applyCarefully(instruction: Instruction, reading: Reading): Promise<void> {
  try {
    await apply(instruction, reading);
  } catch (error) {
    if (!(error instanceof InvalidWord)) throw error;
    reading.refuse({ line: instruction.line, what: `${instruction.keyword}: ${error.message}` });
  }
}

/** Without a meaning for processes whose command the manifest gives, and who runs them. */
const WITHOUT_EFFECT = new Set(
  'CMD ENTRYPOINT EXPOSE LABEL MAINTAINER HEALTHCHECK STOPSIGNAL VOLUME USER'.split(' '),
);

async function apply(instruction: Instruction, reading: Reading): Promise<void> {
  const { keyword, line, text, escape } = instruction;
  const why = refusal(instruction);
  if (why !== null) reading.refuse({ line, what: why });
  if (keyword === 'FROM') return begin(instruction, reading);
  if (keyword === 'ARG') return takeArgs(instruction, reading);
  const stage = reading.stages.at(-1);
  if (stage === undefined) return reading.refuse({ line, what: beforeStage(keyword) });
  if (!reading.needed.has(stage.number) && INSTRUCTIONS.has(keyword)) return;
  if (keyword === 'ENV') takeEnv(instruction, stage);
  else if (keyword === 'WORKDIR') {
    stage.folder = imagePath(stage.folder, substitute(text, stage.values, { escape }));
    stage.tree.addFolder(stage.folder);
  } else if (keyword === 'COPY' || keyword === 'ADD') await applyCopy(instruction, reading);
  else if (keyword === 'RUN')
    await applyRun(instruction, { ...reading, stage, runner: reading.request.runner ?? null });
  else if (keyword === 'SHELL') stage.shell = instruction.json ?? stage.shell;
  else if (keyword === 'ONBUILD') stage.triggers.push({ line, text });
  else if (!WITHOUT_EFFECT.has(keyword)) reading.refuse({ line, what: `unknown instruction: ${keyword}` });
}

const INSTRUCTIONS = new Set([...WITHOUT_EFFECT, 'ENV', 'WORKDIR', 'COPY', 'ADD', 'RUN', 'SHELL', 'ONBUILD']);

function beforeStage(keyword: string): string {
  if (!INSTRUCTIONS.has(keyword)) return `unknown instruction: ${keyword}`;
  return `no build stage in current context: ${keyword} stands before the first FROM`;
}

/** Instructions that neither look at files nor change them. */
const WITHOUT_FILES = new Set(['ENV', 'ARG', 'SHELL', ...WITHOUT_EFFECT]);

/** Whether the next instruction that has to do with files is a RUN that sees no others than its stage's. */
function isFollowed(instructions: readonly Instruction[], index: number): boolean {
  const next = instructions.slice(index + 1).find(({ keyword }) => !WITHOUT_FILES.has(keyword));
  return (
    next?.keyword === 'RUN' &&
    next.flags.every(({ name, value }) => name !== 'mount' || /^type=cache,[\w=,./-]*$/.test(value))
  );
}

async function begin({ text, line, escape }: Instruction, reading: Reading): Promise<void> {
  const { stages, global } = reading;
  const [image = '', as, name] = text.split(/\s+/);
  const from = substitute(image, global, { escape });
  const called = as?.toUpperCase() === 'AS' && name !== undefined ? name.toLowerCase() : null;
  const earlier = stages.findLast((stage) => stage.name !== null && stage.name === from);
  // `FROM First` is no stage, and no name of an image either; what was meant is clear all the same.
  const meant = earlier ?? (/[A-Z]/.test(from) ? findStage(stages, from) : undefined);
  if (meant !== earlier)
    reading.refuse({ line, what: `repository name (library/${from}) must be lowercase` });
  const place = { name: called, number: stages.length };
  stages.push(meant === undefined ? onBase(from, { ...place, line }) : continueStage(meant, place));
  for (const trigger of reading.needed.has(place.number) ? (meant?.triggers ?? []) : []) {
    const instruction = { ...readInstruction(trigger.text, escape), line: trigger.line, heredocs: [] };
    await applyCarefully(instruction, reading);
  }
}

/** A stage that begins where the image outside of this file has its folder. */
function onBase(base: string, { line, ...place }: Pick<Stage, 'name' | 'number'> & { line: number }): Stage {
  const stage = newStage({ ...place, base });
  const { workdir, env, unknown } = readBaseImage(base);
  stage.folder = workdir;
  stage.tree.addFolder(stage.folder);
  for (const [name, value] of Object.entries(env)) {
    stage.env.set(name, value);
    stage.values.set(name, value);
  }
  if (unknown !== null) stage.notHonoured.push({ line, what: `FROM ${base.slice(0, 100)} (${unknown})` });
  return stage;
}

/** Before the first FROM an ARG serves the FROMs; in a stage it may take that value over by naming it. */
function takeArgs({ properties, escape }: Instruction, { stages, global, request }: Reading): void {
  const stage = stages.at(-1);
  for (const { name: written, value } of properties) {
    const values = stage === undefined ? global : stage.values;
    const name = substitute(written, values, { escape });
    stage?.args.add(name);
    const given = Object.hasOwn(request.buildArgs, name) ? request.buildArgs[name] : undefined;
    const known = given ?? (value === null ? global.get(name) : substitute(value, values, { escape }));
    if (known !== undefined) values.set(name, known);
  }
}

/** All of one ENV see the values from before it. */
function takeEnv({ properties, escape }: Instruction, stage: Stage): void {
  const values = new Map(stage.values);
  if (!values.has('PATH')) values.set('PATH', '$PATH');
  for (const { name: written, value } of properties) {
    const name = substitute(written, values, { escape });
    const known = substitute(value ?? '', values, { escape });
    stage.env.set(name, known);
    stage.values.set(name, known);
    if (name === 'PATH') takePrograms(known, stage);
    if (name === 'UV_PYTHON') stage.python = askedPython(`uv --python ${known}`, values) ?? stage.python;
  }
}

/** Who puts an environment of conda first on the PATH has it, whatever line makes it. */
function takePrograms(path: string, { environments, values, tree }: Stage): void {
  const folders = path.split(':').map((folder) => `${folder}/`);
  for (const home of condaHomes(folders.join(' '), { values, known: environments }))
    if (!tree.has(`${home}/bin`)) environments.add(home);
}

function toImage(
  stage: Stage,
  { stages, refused }: { stages: readonly Stage[]; refused: LineNote[] },
): Image {
  const { tree, copies, installs, missing, env, args, folder, environments } = stage;
  const base = stage.base === null ? null : readBaseImage(stage.base);
  const used = [...new Set(installs.map((install) => install.stage))];
  // An environment that is copied from a stage runs on the Python it was made with.
  const makers = [...used.map((number) => stages[number]), stage].filter((each) => each !== undefined);
  return {
    stage: stage.number,
    base: stage.base,
    python: pythonOf(makers),
    packages: base?.packages ?? [],
    workdir: folder,
    env,
    args,
    tree,
    copies,
    installs,
    missing,
    environments: withEnvironmentOf(base, environments),
    refused,
    installing: inOrder(stage.installing),
    notHonoured: inOrder(stage.notHonoured),
    unfollowed: inOrder(stage.unfollowed),
    sources: new Map(used.flatMap((number) => sourcesOf(number, stages[number]))),
  };
}

function sourcesOf(number: number, stage: Stage | undefined): [number, ImageTree][] {
  if (stage === undefined) return [];
  const tree = stage.tree.clone();
  for (const [path, node] of stage.mounted.entries()) if (!tree.has(path)) tree.add(path, node);
  return [[number, tree]];
}

function inOrder(list: readonly LineNote[]): LineNote[] {
  const known = new Map(list.map((each) => [`${each.line} ${each.what}`, each]));
  return [...known.values()].sort((a, b) => a.line - b.line);
}
