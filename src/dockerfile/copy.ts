import { findStage } from './find-stage.ts';
import type { LineNote, Stage } from './stage.ts';
import { heredocContent, type Heredoc } from './syntax/lines.ts';
import type { Instruction } from './syntax/instruction.ts';
import { substitute } from './syntax/substitute.ts';
import { copyFiles, type Copy } from './tree/copy-files.ts';
import { imagePath } from './tree/image-path.ts';
import { FILE_MODE, ImageTree, type FileNode } from './tree/image-tree.ts';
import { readMode } from './tree/mode.ts';

/** What COPY and ADD copy from. */
export interface CopyPlace {
  stages: readonly Stage[];
  context: ImageTree;
  /** What is in an archive, by its content; null: it is none. */
  unpack: (file: FileNode) => Promise<ImageTree | null>;
  /** What BuildKit refuses. */
  refuse: (note: LineNote) => void;
}

/** Takes over what COPY or ADD put into the last stage; what comes from elsewhere is noted. */
export async function applyCopy(instruction: Instruction, place: CopyPlace): Promise<void> {
  const { stages } = place;
  const stage = stages.at(-1);
  if (stage === undefined) return;
  const { keyword, line, flags, escape } = instruction;
  const note = (what: string) => stage.notHonoured.push({ line, what: `${keyword} ${what.slice(0, 80)}` });
  const put = (text: string) => substitute(text, stage.values, { escape });
  const words = (instruction.json ?? instruction.text.split(/\s+/).filter((word) => word !== '')).map(put);
  const target = words.at(-1);
  if (target === undefined || words.length < 2) return;
  const flag = (name: string) => flags.findLast((each) => each.name === name)?.value;
  const given = flag('from');
  const from = given === undefined ? null : put(given);
  const origin = from === null ? null : findStage(stages.slice(0, -1), from);
  if (origin === undefined) return isToolImage(from ?? '') ? undefined : void note(`--from=${from ?? ''}`);
  const inline = inlineFiles(instruction.heredocs, { stage, escape });
  const isInline = (word: string) => instruction.heredocs.length > 0 && /^\d*<<-?./.test(word);
  const sources = words.slice(0, -1).filter((word) => !isInline(word));
  const local = sources.filter(
    (source) => !isRemote(source, keyword) || (!isToolScript(source) && void note(source)),
  );
  const tree = origin === null ? place.context : origin.tree;
  const chmod = flag('chmod');
  const mode = chmod === undefined ? null : readMode(put(chmod));
  if (chmod !== undefined && mode === null) place.refuse({ line, what: `--chmod=${chmod}: invalid syntax` });
  const unpacks = flag('unpack') === undefined ? keyword === 'ADD' : flag('unpack') !== 'false';
  const copy: Copy = {
    sources: local,
    destination: imagePath(stage.folder, target),
    intoFolder: target.endsWith('/') || target === '.' || target.endsWith('/.'),
    parents: (flag('parents') ?? 'false') !== 'false',
    exclude: flags.filter(({ name }) => name === 'exclude').map(({ value }) => put(value)),
    mode,
  };
  const archives = unpacks
    ? await readArchives(tree, { copy, unpack: place.unpack })
    : new Map<string, ImageTree>();
  const missing = copyFiles(stage.tree, tree, { ...copy, unpacked: (path) => archives.get(path) ?? null });
  for (const [name, file] of inline)
    copyFiles(stage.tree, new ImageTree([[`/${name}`, file]]), {
      ...copy,
      sources: [name],
      parents: false,
      exclude: [],
    });
  if (origin === null) {
    stage.copies ||= words.length > 1;
    stage.missing.push(...missing.map((path) => ({ line, path })));
  } else takeOver(stage, origin, copy);
}

/** Contents that stand in the Dockerfile; a file in a folder is called as the word that ends it. */
function inlineFiles(
  heredocs: readonly Heredoc[],
  { stage, escape }: { stage: Stage; escape: string },
): [string, FileNode][] {
  return heredocs.map((heredoc) => {
    const raw = heredocContent(heredoc);
    const text = heredoc.expands ? substitute(raw, stage.values, { escape, plainQuotes: true }) : raw;
    return [heredoc.name, { kind: 'file', origin: { kind: 'text', text }, mode: FILE_MODE }];
  });
}

async function readArchives(
  from: ImageTree,
  { copy, unpack }: { copy: Copy; unpack: CopyPlace['unpack'] },
): Promise<Map<string, ImageTree>> {
  const named = new Set<string>();
  copyFiles(new ImageTree(), from, { ...copy, unpacked: (path) => (named.add(path), null) });
  const found = new Map<string, ImageTree>();
  for (const path of named) {
    const node = from.get(path);
    const archive = node?.kind === 'file' ? await unpack(node) : null;
    if (archive !== null) found.set(path, archive);
  }
  return found;
}

/** uv itself is brought by an image of its own; here it is on PATH or it is not. */
function isToolImage(image: string): boolean {
  return /(^|\/)(astral\/|astral-sh\/)?uv(:|@|$)/.test(image);
}

function isToolScript(source: string): boolean {
  return /astral\.sh\/uv|get-pip\.py/.test(source);
}

/** ADD fetches: that is not done here. */
function isRemote(source: string, keyword: string): boolean {
  return keyword === 'ADD' && /^(https?|git|ssh|ftp):\/\/|^git@/.test(source);
}

/** What is copied from a stage may be the environment that its commands made. */
function takeOver(stage: Stage, origin: Stage, copy: Copy): void {
  stage.installs = [...newIn(origin.installs, stage.installs), ...stage.installs];
  stage.copies ||= origin.copies;
  stage.installing.push(...newIn(origin.installing, stage.installing));
  stage.missing.push(...newIn(origin.missing, stage.missing));
  stage.notHonoured.push(...newIn(origin.notHonoured, stage.notHonoured));
  stage.unfollowed.push(...newIn(origin.unfollowed, stage.unfollowed));
  for (const source of copy.sources) {
    const path = imagePath('/', source);
    for (const folder of origin.environments) {
      const isCopied = folder === path || folder.startsWith(`${path}/`);
      if (isCopied) stage.environments.add(imagePath(copy.destination, folder.slice(path.length + 1)));
    }
  }
}

/** A stage that is copied from twice says everything once. */
function newIn<T>(more: readonly T[], list: readonly T[]): T[] {
  const known = new Set(list);
  return more.filter((each) => !known.has(each));
}
