import { readDockerIgnore } from './docker-ignore.ts';
import { imagePath } from './image-path.ts';
import { copyInto } from './image-tree.ts';
import type { Instruction } from './instruction.ts';
import { findStage } from './find-stage.ts';
import { valuesOf, type Stage } from './stage.ts';
import { substitute } from './substitute.ts';

/** What COPY and ADD copy from. */
export interface CopyPlace {
  stages: readonly Stage[];
  context: ReadonlyMap<string, string>;
}

/** Takes over what COPY or ADD put into the last stage; what comes from elsewhere is noted. */
export function applyCopy(instruction: Instruction, { stages, context }: CopyPlace): void {
  const stage = stages.at(-1);
  if (stage === undefined) return;
  const { keyword, line, flags } = instruction;
  const note = (what: string) => stage.notHonoured.push({ line, what: `${keyword} ${what.slice(0, 80)}` });
  if (instruction.heredocs.length > 0) return void note('with its content in the Dockerfile');
  const words = argumentsOf(instruction, stage);
  const target = words.at(-1);
  if (target === undefined || words.length < 2) return;
  const flag = (name: string) => flags.find((each) => each.name === name)?.value;
  const from = flag('from');
  const origin =
    from === undefined ? null : findStage(stages.slice(0, -1), substitute(from, valuesOf(stage)));
  if (origin === undefined) return isToolImage(from ?? '') ? undefined : void note(`--from=${from ?? ''}`);
  const local = words
    .slice(0, -1)
    .filter((source) => !isRemote(source, keyword) || (!isToolScript(source) && void note(source)));
  const copied = copyInto(stage.tree, origin === null ? context : filesOf(origin), {
    sources: local.map((source) => imagePath('/', source).slice(1)),
    destination: imagePath(stage.folder, target),
    intoFolder: target.endsWith('/') || target === '.' || target.endsWith('/.'),
    parents: flag('parents') === 'true',
    isExcluded: readDockerIgnore(flags.filter(({ name }) => name === 'exclude').map(({ value }) => value).join('\n')),
  }); // prettier-ignore
  if (origin === null) {
    stage.copies ||= local.length > 0;
    stage.missing.push(...copied.map((path) => ({ line, path })));
  } else takeOver(stage, origin);
}

function argumentsOf({ text, json }: Instruction, stage: Stage): string[] {
  const words = json ?? text.split(/\s+/).filter((word) => word !== '');
  return words.map((word) => substitute(word, valuesOf(stage)));
}

/** uv itself is brought by an image of its own; here it is on PATH or it is not. */
function isToolImage(image: string): boolean {
  return /(^|\/)(astral\/|astral-sh\/)?uv(:|@|$)/.test(image);
}

function isToolScript(source: string): boolean {
  return /astral\.sh\/uv|get-pip\.py/.test(source);
}

/** ADD fetches and unpacks: neither is done here. */
function isRemote(source: string, keyword: string): boolean {
  const isUrl = /^(https?|git|ssh|ftp):\/\/|^git@/.test(source);
  return keyword === 'ADD' && (isUrl || /\.(tar|tgz|tbz2?|txz|tar\.(gz|bz2|xz|zst))$/.test(source));
}

function filesOf({ tree }: Stage): ReadonlyMap<string, string> {
  return new Map([...tree.files].map(([path, original]) => [path.slice(1), original]));
}

/** What is copied from a stage may be the environment that its commands made. */
function takeOver(stage: Stage, origin: Stage): void {
  const known = new Set(stage.installs);
  stage.installs = [...origin.installs.filter((each) => !known.has(each)), ...stage.installs];
  stage.copies ||= origin.copies;
  stage.notHonoured.push(...origin.notHonoured);
  for (const path of origin.executable) stage.executable.add(path);
}
