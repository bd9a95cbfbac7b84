import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { credentials } from '../image/credentials.ts';
import { readIfThere } from '../../../../base/io/files.ts';
import { isThereSync, removeAllSync } from '../../../../base/io/files-sync.ts';
import { condaMade } from '../../../../dockerfile/run/made-environment.ts';
import { PROJECT_FILES, readInstall, unmadeFolders } from '../../../../dockerfile/run/install.ts';
import {
  isEditableOption,
  isFileOption,
  isLocal,
  readOptions,
  withoutExtras,
  type Option,
} from '../../../../dockerfile/run/options.ts';
import { readSystemCommand } from '../../../../dockerfile/run/system-command.ts';
import type { Install } from '../../../../dockerfile/stage.ts';
import { imagePath } from '../../../../dockerfile/tree/image-path.ts';
import { buildFailure, runToEnd } from '../build-command.ts';
import type { BuildStep, FollowPlace } from '../environments/environment-work.ts';
import { editableFolders, installStep } from '../image/image-work.ts';
import { withoutUv } from '../image/install-words.ts';
import { installVariables } from '../image/install-variables.ts';
import { toPythonProject } from '../project/python-project.ts';
import { withPathsOf } from './requirements.ts';
import { linkEnvironments, PRIVATE, placeInRoot, type StageRoot } from './root/root.ts';
import {
  editableOrigins,
  findTool,
  isInProject,
  notedSettings,
  noteSettings,
  noteTools,
  readToolCall,
  toolVariables,
  type ToolCall,
} from './project-tools.ts';
import type { ProgramAnswer, ProgramRequest } from './requests.ts';
import { linkPrograms, NEED_ENVIRONMENT } from './shims.ts';

/** What a RUN asked of installers. */
export interface InstallerState {
  installs: Install[];
  /** Folders of virtual environments, in the image. */
  environments: string[];
  notHonoured: string[];
  /** Folders (absolute) whose code is to be imported from where it is. */
  editable: string[];
  /** Why the last install failed; null: it did not. */
  failure: Error | null;
}

const DONE: ProgramAnswer = { code: 0, output: null };

interface InstallerPlace {
  root: StageRoot;
  stage: number;
  /** Whether a line before it could not be done: what it would have written is not there, and that is no mistake. */
  isIncomplete: boolean;
  state: InstallerState;
  /** Folders of environments that the stage has already. */
  environments: ReadonlySet<string>;
  needEnvironment: () => Promise<void>;
}

/** Stands for the installers that a RUN line calls: does with the engine's tools what they would do. */
export class Installer {
  readonly #making: FollowPlace;
  readonly #place: InstallerPlace;

  constructor(making: FollowPlace, place: InstallerPlace) {
    this.#making = making;
    this.#place = place;
  }

  #inRoot(path: string): string {
    return placeInRoot(this.#place.root, path);
  }

  async answer(request: ProgramRequest): Promise<ProgramAnswer> {
    const { stage } = this.#place;
    const [name = '', ...rest] = request.words;
    const words = [name.replace(/^engine-/, ''), ...rest];
    if (words[1] === NEED_ENVIRONMENT) {
      await this.#place.needEnvironment();
      return DONE;
    }
    for (const word of words) if (word.startsWith(`${PRIVATE}/requests/`)) await this.#bringInput(word);
    const made = environmentOf(words);
    if (made !== null) return this.#linkEnvironment(imagePath(request.folder, made));
    const call = readToolCall(words);
    if (call !== null) return this.#useTool(call, request);
    await noteSettings(words, this.#making);
    const system = readSystemCommand(words);
    if (system?.kind === 'not-done') this.#place.state.notHonoured.push(system.what);
    const [conda] = condaMade(words, request.env);
    if (conda !== undefined) return this.#linkEnvironment(conda);
    if (system !== null) return DONE;
    if (/^(?:--version|-V)$/.test(words[1] ?? '') && words.length === 2) return this.#version(words[0] ?? '');
    await noteTools(words, this.#making);
    const install = readInstall(words);
    if (install === null || install === 'nothing') return this.#otherVerb(words, request);
    return this.#doInstall({
      ...install,
      line: 0,
      folder: request.folder,
      output: null,
      stage,
      env: request.env,
    });
  }

  /** Poetry and Pipenv themselves install what their locks say; what then points into these folders is installed anew. */
  async #useTool(call: ToolCall, { folder, env: given }: ProgramRequest): Promise<ProgramAnswer> {
    const making = this.#making;
    const noted = await notedSettings(making);
    const env = installVariables({ env: { ...noted, ...given }, dialect: 'pip' }, 'venv');
    const step = (words: string[]) => ({ words, folder: this.#inRoot(folder), output: null, env });
    const run = async (words: string[]) => (await this.#run(step(words), 'logged')).code === 0;
    await this.#place.needEnvironment();
    const program = await findTool(call, { place: making, env: given, run });
    if (program === null) {
      this.#place.state.failure = null;
      this.#place.state.notHonoured.push(`${call.shown} (${call.tool} cannot be installed)`);
      return DONE;
    }
    const words = [program, ...this.#placed(call.words)];
    const how = call.installs ? 'logged' : 'captured';
    const answer = await this.#run({ ...step(words), env: toolVariables(env, making) }, how);
    if (answer.code !== 0 || !call.installs) return answer;
    for (const origin of await editableOrigins(making.environment)) {
      const pip = [join(making.environment, 'bin', 'python'), '-m', 'pip', 'install'];
      if (!(await run([...pip, '--no-deps', '--force-reinstall', origin]))) return { code: 1, output: null };
      this.#place.state.editable.push(origin);
    }
    const { stage } = this.#place;
    const pip: Pick<Install, 'kind' | 'dialect'> = { kind: 'pip', dialect: 'pip' };
    this.#place.state.installs.push({
      ...pip,
      verb: [],
      options: [],
      line: 0,
      folder,
      output: null,
      stage,
      env: {},
    });
    await linkPrograms(making.shims, making.environment);
    if (await isInProject(call, { place: making, env: given, folder: this.#inRoot(folder) }))
      this.#linkEnvironment(imagePath(folder, '.venv'));
    return answer;
  }

  /** What was fed to it lies where only the root shows it. */
  async #bringInput(path: string): Promise<void> {
    const place = join(this.#place.root.folder, path);
    await mkdir(dirname(place), { recursive: true });
    await copyFile(join(this.#making.shims, path.slice(PRIVATE.length)), place);
  }

  #linkEnvironment(path: string): ProgramAnswer {
    this.#place.state.environments.push(path);
    linkEnvironments(this.#place.root, new Set([...this.#place.environments, path]));
    return DONE;
  }

  async #version(name: string): Promise<ProgramAnswer> {
    if (name !== 'uv') return { code: 0, output: 'pip 24.0\n' };
    return this.#run(
      { words: [this.#making.program, '--version'], folder: this.#place.root.folder, output: null, env: {} },
      'captured',
    );
  }

  /** What lists or takes away packages, or makes wheels: pip itself does it. */
  async #otherVerb(words: readonly string[], request: ProgramRequest): Promise<ProgramAnswer> {
    const verb =
      words.find((word, index) => index > 0 && !word.startsWith('-') && word !== 'pip' && word !== '-m') ??
      '';
    const isPip = words[0] !== 'uv' || words[1] === 'pip';
    // Of pip and its like there is what there is.
    if (isPip && verb === 'install') return DONE;
    if (words[0] === 'uv' && verb === 'build')
      return this.#build(words.slice(words.indexOf(verb) + 1), request);
    if (!isPip || !/^(?:wheel|download|uninstall|list|freeze|show|check)$/.test(verb)) {
      if (!/^(?:venv|lock|cache|python|self|config|)$/.test(verb))
        this.#place.state.notHonoured.push(words.slice(0, 4).join(' '));
      return DONE;
    }
    const options = this.#placed(words.slice(words.indexOf(verb) + 1));
    const step: BuildStep = {
      words: [
        join(this.#making.environment, 'bin', 'python'),
        '-m',
        'pip',
        verb,
        ...options.filter((each) => each !== '--system'),
      ],
      folder: this.#inRoot(request.folder),
      output: null,
      env: installVariables({ env: request.env, dialect: 'pip' }, 'venv'),
    };
    return this.#run(step, /^(?:list|freeze|show)$/.test(verb) ? 'captured' : 'logged');
  }

  /** `uv build`: packages out of the image's files, beside them. */
  async #build(options: readonly string[], request: ProgramRequest): Promise<ProgramAnswer> {
    const { tool, program, environment } = this.#making;
    const python = join(environment, 'bin', 'python');
    if (tool !== 'uv') {
      this.#place.state.notHonoured.push('uv build');
      return DONE;
    }
    return this.#run(
      {
        words: [program, 'build', '--python', python, ...this.#placed(options)],
        folder: this.#inRoot(request.folder),
        output: null,
        env: installVariables({ env: request.env, dialect: 'uv' }, 'uv'),
      },
      'logged',
    );
  }

  /** Paths of the image are below its root. */
  #placed(options: readonly string[]): string[] {
    const inOption = (_: string, option: string, path: string) => option + this.#inRoot(path);
    return options.map((word) =>
      word.startsWith('/') ? this.#inRoot(word) : word.replace(/^(--[\w-]+=)(\/.*)$/, inOption),
    );
  }

  async #doInstall(install: Install): Promise<ProgramAnswer> {
    const project = install.kind === 'sync' ? await projectIn(this.#inRoot(install.folder)) : undefined;
    const step = installStep(install, this.#making, project);
    if (step === null) return install.kind === 'write' ? this.#withoutUv(install) : DONE;
    const valuesOf = (isMeant: (option: Option) => boolean) =>
      install.options.filter(isMeant).flatMap(({ value }) => (value === null ? [] : [value]));
    const here = (value: string) => this.#inRoot(imagePath(install.folder, value));
    const files = valuesOf(({ name }) => isFileOption(name));
    const paths = files.map(here);
    // `dist/*.whl` stays as it is where there is none.
    const places = valuesOf(({ name, value }) => isEditableOption(name) || (name === null && isLocal(value)));
    const isLocalPath = (value: string) => !/:\/\/| @ /.test(value);
    const absent = [...files, ...places.map(withoutExtras).filter(isLocalPath)].find(
      (value) => !isThereSync(here(value)),
    );
    if (absent !== undefined && this.#place.isIncomplete) {
      const path = imagePath(install.folder, absent);
      this.#place.state.notHonoured.push(
        `pip install (without ${path}, which an earlier line would have made)`,
      );
      return DONE;
    }
    const answer = await withPathsOf({ files: paths, root: this.#place.root.folder }, async () => {
      const editable = await editableFolders(install, this.#making.sources);
      this.#place.state.editable.push(...editable);
      const work = () => this.#run(step, install.kind === 'write' ? 'captured' : 'logged');
      return withoutBuildFolders(editable, work);
    });
    if (install.kind === 'write') return answer;
    if (answer.code === 0) this.#place.state.installs.push(install);
    this.#place.state.notHonoured.push(...unmadeFolders(install));
    await linkPrograms(this.#making.shims, this.#making.environment);
    if (install.kind === 'sync' && answer.code === 0)
      this.#linkEnvironment(imagePath(install.folder, install.env['UV_PROJECT_ENVIRONMENT'] ?? '.venv'));
    return answer;
  }

  /** What it would write is asked of uv alone: taken for done, a file would be there that asks for nothing. */
  #withoutUv({ verb }: Install): ProgramAnswer {
    this.#place.state.notHonoured.push(withoutUv(verb));
    return { code: 127, output: null };
  }

  async #run(step: BuildStep, how: 'captured' | 'logged'): Promise<ProgramAnswer> {
    await this.#place.needEnvironment();
    const captured = join(this.#making.shims, 'captured');
    await mkdir(dirname(captured), { recursive: true });
    const output = how === 'captured' ? captured : null;
    const env = { ...this.#making.env, ...step.env, ...this.#making.settings };
    const command = {
      ...step,
      output,
      env,
      log: this.#making.log,
      hidden: [...this.#making.hidden, ...credentials(step.env)],
      stop: this.#making.stop,
      detach: this.#making.detach,
    };
    const ended = await runToEnd(command);
    this.#place.state.failure = ended.code === 0 ? null : buildFailure(command, ended);
    const text = output === null ? null : await readFile(output, 'utf8');
    if (output !== null) await rm(output, { force: true });
    return { code: ended.code ?? 137, output: text };
  }
}

/** The folder of a virtual environment that a command makes; null: it makes none. */
function environmentOf([name, ...rest]: readonly string[]): string | null {
  const operands = readOptions(rest).flatMap(({ name: option, value }) => (option === null ? [value] : []));
  if (name === 'python' && rest[0] === '-m' && /^(?:venv|virtualenv)$/.test(rest[1] ?? ''))
    return operands.at(-1) ?? null;
  if (name === 'virtualenv') return operands.at(-1) ?? null;
  return name === 'uv' && rest[0] === 'venv' ? (operands[1] ?? '.venv') : null;
}

/**
 * What is editable in an image leaves no `build` behind there: it does here, where it is installed as an ordinary package. What
 * was there before stays.
 */
async function withoutBuildFolders<T>(editable: readonly string[], work: () => Promise<T>): Promise<T> {
  const absent = editable.map((folder) => join(folder, 'build')).filter((path) => !isThereSync(path));
  try {
    return await work();
  } finally {
    for (const path of absent) removeAllSync(path);
  }
}

async function projectIn(folder: string) {
  const files: Record<string, string> = {};
  for (const name of PROJECT_FILES) {
    const text = await readIfThere(join(folder, name));
    if (text !== null) files[name] = text;
  }
  return toPythonProject(files);
}
