import { findStage } from '../find-stage.ts';
import type { LineNote, Stage } from '../stage.ts';
import { heredocContent, readHeredocWord } from '../syntax/lines.ts';
import type { Instruction } from '../syntax/instruction.ts';
import { substitute } from '../syntax/substitute.ts';
import { imagePath } from '../tree/image-path.ts';
import { FILE_MODE, ImageTree, type TreeNode } from '../tree/image-tree.ts';
import { readBaseImage } from '../base-image.ts';
import { askedPython, condaHomes } from './made-environment.ts';
import { showMounted } from './mounted.ts';
import { readPlainRun } from './plain.ts';
import { isEditableOption, isFileOption, isLocal, withoutExtras } from './options.ts';
import type { RemovedNodes, RunEffect, RunMount, Runner, RunRequest } from './request.ts';

/** The stage a RUN stands in, and what it may mount. */
export interface RunPlace {
  stage: Stage;
  stages: readonly Stage[];
  context: ImageTree;
  runner: Runner | null;
  refuse: (note: LineNote) => void;
  /** Another RUN comes before anything looks at the stage's files. */
  isFollowed: boolean;
}

const DEFAULT_SHELL = ['/bin/sh', '-c'];
const LONGEST_SHOWN = 60;

/** Takes over what a RUN does to the stage: files, installs, environments; notes the rest. */
export async function applyRun(instruction: Instruction, place: RunPlace): Promise<void> {
  const { stage, runner } = place;
  const request = runRequest(instruction, place);
  for (const mount of request.mounts) {
    showMounted(stage.mounted, mount);
    // What that stage lacks is lacking here.
    for (const kind of ['unfollowed', 'notHonoured'] as const)
      stage[kind].push(...(mount.stage?.[kind] ?? []).filter((note) => !stage[kind].includes(note)));
  }
  const { values, environments: known } = stage;
  for (const folder of condaHomes(request.script ?? request.words.join(' '), { values, known }))
    if (!stage.tree.has(`${folder}/bin`)) known.add(folder);
  const ofSystem = stage.base === null || !readBaseImage(stage.base).isAhead;
  stage.python = askedPython(request.script ?? request.words.join(' '), values, ofSystem) ?? stage.python;
  const effect = runner === null ? readPlainRun(request) : await runner(request);
  if (effect === null) stage.unfollowed.push({ line: request.line, what: `RUN ${request.shown}` });
  else takeEffect(stage, { effect, line: request.line });
  if (effect !== null && effect.installs.length > 0)
    stage.installing.push({ line: request.line, what: `RUN ${request.shown}` });
  if (effect?.refused != null) place.refuse({ line: request.line, what: effect.refused });
}

function takeEffect(stage: Stage, { effect, line }: { effect: RunEffect; line: number }): void {
  for (const [path, node] of effect.changes) {
    if (node === null) stage.tree.remove(path);
    else if (node.kind === 'folder') {
      stage.tree.addFolder(path, node.mode);
      stage.tree.put(path, node);
    } else stage.tree.add(path, node);
  }
  stage.installs.push(...effect.installs);
  for (const [path, node] of readByInstalls(stage, effect.removed ?? [])) stage.mounted.add(path, node);
  for (const folder of effect.environments) stage.environments.add(folder);
  for (const what of effect.notHonoured) stage.notHonoured.push({ line, what: `RUN ${what}` });
}

/** What went and an install before it has read: requirements, what lies beside them, folders of packages. */
function readByInstalls(
  { installs, number }: Pick<Stage, 'installs' | 'number'>,
  removed: readonly RemovedNodes[],
): (readonly [string, TreeNode])[] {
  if (removed.length === 0) return [];
  const read = installs
    .filter(({ stage }) => stage === number)
    .flatMap(({ folder, options }) =>
      options.flatMap(({ name, value }) => {
        if (value === null) return [];
        const path = imagePath(folder, withoutExtras(value));
        if (isFileOption(name)) return [imagePath(path, '..')];
        return isEditableOption(name) || (name === null && isLocal(value)) ? [path] : [];
      }),
    );
  const isRead = (path: string) => read.some((each) => path === each || isIn(path, each) || isIn(each, path));
  return removed.flatMap(({ path, nodes }) => (isRead(path) ? nodes : []));
}

function isIn(path: string, folder: string): boolean {
  return path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** What BuildKit would run: the shell form goes to the stage's shell, a heredoc alone is the script. */
function runRequest(instruction: Instruction, place: RunPlace): RunRequest {
  const { stage } = place;
  const { line, flags, json, text, heredocs } = instruction;
  const mounts = flags.flatMap(({ name, value }) =>
    name === 'mount' ? readMount(value, { ...place, escape: instruction.escape }) : [],
  );
  const common = {
    line,
    stage,
    mounts,
    isFollowed: place.isFollowed && mounts.length === 0,
    shown: shortened(
      heredocs.length > 0 && readHeredocWord(text).length > 0 ? (heredocs[0]?.content ?? text) : text,
    ),
  };
  if (json !== null && heredocs.length === 0) return { ...common, words: json, script: scriptOf(json) };
  const [only] = heredocs.length === 1 && readHeredocWord(text).length === 1 ? heredocs : [];
  const script =
    only === undefined
      ? [text, ...heredocs.map(({ content, name }) => content + name)].join('\n')
      : heredocContent(only);
  const shell = shebangOf(only === undefined ? '' : script) ?? stage.shell ?? DEFAULT_SHELL;
  return { ...common, words: [...shell, script], script };
}

/** A heredoc alone may say what reads it. */
function shebangOf(script: string): string[] | null {
  const line = /^#!\s*(\S.*)/.exec(script)?.[1];
  if (line === undefined) return null;
  const words = line.trim().split(/\s+/);
  const shell = /(?:^|\/)(?:env\s+)?((?:ba|da)?sh)\b/.exec(line)?.[1];
  return shell === undefined ? [...words, '-c'] : [`/bin/${shell}`, '-c'];
}

/** `["sh", "-c", "…"]` is a shell line after all. */
function scriptOf([program = '', flag = '', script]: readonly string[]): string | null {
  return /(^|\/)(ba|da)?sh$/.test(program) && /^-\w*c$/.test(flag) ? (script ?? null) : null;
}

function shortened(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length <= LONGEST_SHOWN ? line : `${line.slice(0, LONGEST_SHOWN - 1)}…`;
}

/** `--mount=type=bind,source=uv.lock,target=uv.lock`: files of the context, or of a stage. */
function readMount(
  value: string,
  { stage, stages, context, escape }: RunPlace & { escape: string },
): RunMount[] {
  const fields = new Map(
    value.split(',').map((field) => splitField(substitute(field, stage.values, { escape }))),
  );
  const target = fields.get('target') ?? fields.get('dst') ?? fields.get('destination');
  const type = fields.get('type') ?? 'bind';
  if (type === 'secret') return secretMount(fields.get('id'), target, stage.folder);
  if (type !== 'bind' || target === undefined) return [];
  const from = fields.get('from');
  const origin = from === undefined ? undefined : findStage(stages.slice(0, -1), from);
  const tree = from === undefined ? context : origin?.tree;
  const source = imagePath('/', fields.get('source') ?? fields.get('src') ?? '.');
  return tree === undefined
    ? []
    : [
        {
          target: imagePath(stage.folder, target),
          tree,
          source: tree.follow(source),
          ...(origin && { stage: origin }),
        },
      ];
}

/** A secret of the build has no value here: its file is there and empty, as a line that reads it needs it to be. */
function secretMount(id: string | undefined, target: string | undefined, folder: string): RunMount[] {
  const name = target ?? (id === undefined ? null : `/run/secrets/${id}`);
  if (name === null) return [];
  const file: TreeNode = { kind: 'file', origin: { kind: 'text', text: '' }, mode: FILE_MODE };
  return [{ target: imagePath(folder, name), tree: new ImageTree([['/secret', file]]), source: '/secret' }];
}

function splitField(field: string): [string, string] {
  const equals = field.indexOf('=');
  return equals === -1 ? [field, 'true'] : [field.slice(0, equals).trim(), field.slice(equals + 1).trim()];
}
