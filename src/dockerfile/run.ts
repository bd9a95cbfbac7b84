import { imagePath } from './image-path.ts';
import { addFolder, copyInto } from './image-tree.ts';
import { readInstall } from './install.ts';
import type { Instruction } from './instruction.ts';
import { readRunCommand } from './run-command.ts';
import { shellCommands } from './shell-line.ts';
import { isComputed, type ShellCommand } from './shell-words.ts';
import { valuesOf, type Install, type Stage } from './stage.ts';
import { isEditableOption, isFileOption, isLocal } from './options.ts';
import { isPattern, patternToRegExp } from './pattern.ts';

/** The stage a RUN stands in, its number, and the context's files by themselves. */
export interface RunPlace {
  stage: Stage;
  number: number;
  context: ReadonlyMap<string, string>;
}

/** Takes over what a RUN does to the stage: installs, folders, execute bits; notes the rest. */
export function applyRun(instruction: Instruction, place: RunPlace): void {
  const { stage } = place;
  for (const { name, value } of instruction.flags) if (name === 'mount') applyMount(value, place);
  let folder = stage.folder;
  for (const command of commandsOf(instruction, stage)) {
    const standing = applyInstall(command, { ...place, line: instruction.line, folder });
    if (standing) continue;
    const effect = readRunCommand(command.words);
    const there = (path: string) => imagePath(folder, path);
    if (effect.kind === 'change-folder') folder = there(effect.path);
    if (effect.kind === 'folders') for (const path of effect.paths) if (!isComputed(path)) addFolder(stage.tree, there(path)); // prettier-ignore
    if (effect.kind === 'executable') for (const path of effect.paths) makeExecutable(stage, there(path));
    if (effect.kind === 'not-honoured')
      stage.notHonoured.push({ line: instruction.line, what: `RUN ${effect.what}` });
  }
}

function commandsOf(instruction: Instruction, stage: Stage): ShellCommand[] {
  if (instruction.json !== null && instruction.heredocs.length === 0)
    return execForm(instruction.json, stage);
  // A heredoc alone is the script; one that feeds a program (`RUN python3 <<EOF`) is nothing a shell reads.
  const script = /^<<-?/.test(instruction.text) ? instruction.heredocs.join('\n') : instruction.text;
  const place = {
    values: valuesOf(stage),
    folder: stage.folder,
    isThere: (path: string) =>
      stage.tree.files.has(path) || stage.mounted.has(path) || stage.tree.folders.has(path),
  };
  return shellCommands(script.replaceAll('\\\n', ' '), place);
}

/** `["sh", "-c", "…"]` is a shell line after all. */
function execForm(words: string[], stage: Stage): ShellCommand[] {
  const [program = '', flag = '', script] = words;
  if (/(^|\/)(ba)?sh$/.test(program) && /^-\w*c$/.test(flag) && script !== undefined) {
    return shellCommands(script, { values: valuesOf(stage), folder: stage.folder, isThere: () => true });
  }
  return [{ words, output: null }];
}

function applyInstall(
  { words, output }: ShellCommand,
  { stage, number, line, folder }: RunPlace & { line: number; folder: string },
): boolean {
  const install = readInstall(words);
  if (install === null) return false;
  if (install === 'nothing') return true;
  const file = output === null || install.kind !== 'write' ? null : imagePath(folder, output);
  const settings = Object.fromEntries([...valuesOf(stage)].filter(([name]) => /^(PIP|UV)_/.test(name)));
  const whole = { ...install, line, folder, output: file, stage: number, settings };
  const why = words.some(isComputed) ? 'computed by the shell' : unknownInput(whole, stage);
  if (why === null) stage.installs.push(whole);
  else stage.notHonoured.push({ line, what: `RUN ${words.slice(0, 3).join(' ')} … (${why})` });
  return true;
}

/**
 * What an install needs and something that was not done here would have made: a clone, a wheel, a downloaded list.
 * When all was done, what is missing is the Dockerfile's mistake, and the installer's to tell.
 */
function unknownInput(install: Install, stage: Stage): string | null {
  const written = new Set(stage.installs.flatMap((each) => writtenBy(each)));
  const isKnown = (path: string) =>
    written.has(path) ||
    stage.tree.files.has(path) ||
    stage.tree.folders.has(path) ||
    stage.mounted.has(path);
  for (const { name, value } of install.options) {
    if (value === null || install.kind !== 'pip') continue;
    const isInput = isFileOption(name) || isEditableOption(name) || (name === null && isLocal(value));
    if (!isInput || /^[a-z+]+:\/\//.test(value)) continue;
    if (value.startsWith('/dev/') || value === '-') return 'fed by another command';
    const path = imagePath(install.folder, value.replace(/\[.*$/, ''));
    if (!isKnown(path) && (isPattern(value) || stage.notHonoured.length > 0)) return `without ${value}`;
  }
  return null;
}

function writtenBy({ output, options, folder, kind }: Install): string[] {
  const named = kind === 'write' ? options.find(({ name }) => name === '-o' || name === '--output-file')?.value : null; // prettier-ignore
  return [...(output === null ? [] : [output]), ...(named == null ? [] : [imagePath(folder, named)])];
}

/** `--mount=type=bind,source=uv.lock,target=uv.lock`: an install command sees the context's file there. */
function applyMount(value: string, { stage, context }: RunPlace): void {
  const fields = new Map(value.split(',').map((field) => splitField(field)));
  const target = fields.get('target') ?? fields.get('dst') ?? fields.get('destination');
  if ((fields.get('type') ?? 'bind') !== 'bind' || fields.has('from') || target === undefined) return;
  const source = imagePath('/', fields.get('source') ?? fields.get('src') ?? '.').slice(1);
  const seen = { files: stage.mounted, folders: new Set<string>() };
  const destination = imagePath(stage.folder, target);
  copyInto(seen, context, {
    sources: [source],
    destination,
    intoFolder: false,
    parents: false,
    isExcluded: () => false,
  });
}

function splitField(field: string): [string, string] {
  const equals = field.indexOf('=');
  return equals === -1 ? [field, 'true'] : [field.slice(0, equals).trim(), field.slice(equals + 1).trim()];
}

function makeExecutable(stage: Stage, path: string): void {
  const pattern = patternToRegExp(path);
  for (const each of stage.tree.files.keys())
    if (each === path || pattern.test(each)) stage.executable.add(each);
}
