import { readBaseImage } from './base-image.ts';
import { readDockerIgnore } from './docker-ignore.ts';
import { imagePath } from './image-path.ts';
import { addFolder, type ImageTree } from './image-tree.ts';
import { applyCopy } from './copy.ts';
import { findStage } from './find-stage.ts';
import { readInstructions, type Instruction } from './instruction.ts';
import { applyRun } from './run.ts';
import { continueStage, newStage, valuesOf, type Install, type Stage, type Unhonoured } from './stage.ts';
import { substitute } from './substitute.ts';

/** What a Dockerfile makes of a context, as far as processes without a container can have it. */
export interface Image {
  /** The image outside of the file that the last stage begins with. */
  base: string | null;
  /** Python of the base image, or of a stage whose environment is copied; null: not known. */
  python: string | null;
  /** What the base image brings. */
  packages: string[];
  /** ENV in order, with variables put in; `$PATH` of the base stays as `$PATH`. */
  env: Map<string, string>;
  /** Where a command starts. */
  workdir: string;
  /** Files and folders that instructions put there; `copies` tells whether there are any. */
  tree: ImageTree;
  copies: boolean;
  executable: ReadonlySet<string>;
  /** In order; of all stages that the last one is made of. */
  installs: Install[];
  /** For each stage, what its install commands see. */
  sources: ReadonlyMap<number, ImageTree>;
  notHonoured: Unhonoured[];
  /** What COPY names and the context has not. */
  missing: { line: number; path: string }[];
}

export interface ImageRequest {
  text: string;
  buildArgs: Readonly<Record<string, string>>;
  target: string | null;
  /** Files of the context, relative to it. */
  context: readonly string[];
  /** Text of the .dockerignore that counts, or null. */
  ignore: string | null;
}

/** Reads a Dockerfile to the end of the stage that is built. Null: there is no stage in it. */
export function readImage({ text, buildArgs, target, context, ignore }: ImageRequest): Image | null {
  const isIgnored = readDockerIgnore(ignore ?? '');
  const visible = context.filter((path) => !isIgnored(path));
  const reading: Reading = {
    stages: [],
    global: new Map(),
    buildArgs,
    context: new Map(visible.map((path) => [path, path])),
  };
  for (const instruction of readInstructions(text)) {
    const isNext = instruction.keyword === 'FROM' && isTarget(reading.stages, target);
    if (isNext) break;
    apply(instruction, reading);
  }
  const last = reading.stages.findLast((_, index) => isTarget(reading.stages.slice(0, index + 1), target)) ?? reading.stages.at(-1); // prettier-ignore
  return last === undefined ? null : toImage(last, reading.stages);
}

interface Reading {
  stages: Stage[];
  /** ARGs before the first FROM. */
  global: Map<string, string>;
  buildArgs: Readonly<Record<string, string>>;
  context: ReadonlyMap<string, string>;
}

function isTarget(stages: readonly Stage[], target: string | null): boolean {
  const last = stages.at(-1);
  if (target === null || last === undefined) return false;
  return last.name === target.toLowerCase() || String(stages.length - 1) === target;
}

/** Instructions without a meaning for processes whose command the manifest gives. */
const WITHOUT_EFFECT = new Set([
  'CMD',
  'ENTRYPOINT',
  'EXPOSE',
  'LABEL',
  'MAINTAINER',
  'HEALTHCHECK',
  'STOPSIGNAL',
  'VOLUME',
  'SHELL',
]);

function apply(instruction: Instruction, reading: Reading): void {
  const { keyword, line, text } = instruction;
  if (keyword === 'FROM') return begin(instruction, reading);
  const stage = reading.stages.at(-1);
  if (keyword === 'ARG') return takeArgs(instruction, reading);
  if (stage === undefined) return;
  if (keyword === 'ENV') takeEnv(instruction, stage);
  else if (keyword === 'WORKDIR') {
    stage.folder = imagePath(stage.folder, substitute(text, valuesOf(stage)));
    addFolder(stage.tree, stage.folder);
  } else if (keyword === 'COPY' || keyword === 'ADD') applyCopy(instruction, reading);
  else if (keyword === 'RUN')
    applyRun(instruction, { stage, number: reading.stages.length - 1, context: reading.context });
  else if (!WITHOUT_EFFECT.has(keyword) && !(keyword === 'USER' && /^(root|0)(:|$)/.test(text)))
    stage.notHonoured.push({ line, what: `${keyword} ${text.slice(0, 40)}` });
}

function begin({ text }: Instruction, { stages, global }: Reading): void {
  const [image = '', as, name] = text.split(/\s+/);
  const from = substitute(image, global);
  const called = as?.toUpperCase() === 'AS' && name !== undefined ? name.toLowerCase() : null;
  const earlier = findStage(stages, from);
  stages.push(earlier === undefined ? newStage(called, from) : continueStage(earlier, called));
}

/** Before the first FROM an ARG serves the FROMs; in a stage it may take that value over by naming it. */
function takeArgs({ properties }: Instruction, { stages, global, buildArgs }: Reading): void {
  const stage = stages.at(-1);
  for (const { name, value } of properties) {
    const given = Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined;
    const values = stage === undefined ? global : valuesOf(stage);
    const known = given ?? (value === null ? global.get(name) : substitute(value, values));
    if (known !== undefined) (stage?.args ?? global).set(name, known);
  }
}

/** All of one ENV see the values from before it. */
function takeEnv({ properties }: Instruction, stage: Stage): void {
  const values = new Map(valuesOf(stage));
  if (!values.has('PATH')) values.set('PATH', '$PATH');
  for (const { name, value } of properties) stage.env.set(name, substitute(value ?? '', values));
}

function toImage(stage: Stage, stages: readonly Stage[]): Image {
  const { tree, copies, executable, installs, missing, env, folder } = stage;
  const base = stage.base === null ? { python: null, packages: [] } : readBaseImage(stage.base);
  const used = [...new Set(installs.map((install) => install.stage))];
  // An environment that is copied from a stage runs on the Python it was made with.
  const makers = used.map((number) => stages[number]?.base ?? null);
  const pythons = [...makers, stage.base].map((each) => (each === null ? null : readBaseImage(each).python));
  return {
    base: stage.base,
    python: pythons.find((each) => each !== null) ?? null,
    packages: base.packages,
    workdir: folder,
    ...{ env, tree, copies, executable, installs, missing },
    notHonoured: inOrder(stage.notHonoured),
    sources: new Map(used.flatMap((number) => sourcesOf(number, stages[number]))),
  };
}

function sourcesOf(number: number, stage: Stage | undefined): [number, ImageTree][] {
  if (stage === undefined) return [];
  const files = new Map([...stage.mounted, ...stage.tree.files]);
  return [[number, { files, folders: stage.tree.folders }]];
}

function inOrder(list: readonly Unhonoured[]): Unhonoured[] {
  const known = new Map(list.map((each) => [`${each.line} ${each.what}`, each]));
  return [...known.values()].sort((a, b) => a.line - b.line);
}
