import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readIfThere } from '../../../../base/io/files.ts';
import { isThereSync } from '../../../../base/io/files-sync.ts';
import { readInstall } from '../../../../dockerfile/run/install.ts';
import { isFileOption, readOptions } from '../../../../dockerfile/run/options.ts';
import { readSystemCommand } from '../../../../dockerfile/run/system-command.ts';
import type { Install } from '../../../../dockerfile/stage.ts';
import { imagePath } from '../../../../dockerfile/tree/image-path.ts';
import { buildFailure, runToEnd } from '../build-command.ts';
import type { BuildStep, FollowPlace } from '../environments/environment-work.ts';
import { editableFolders, installStep } from '../image/image-work.ts';
import { installVariables } from '../image/install-variables.ts';
import { toPythonProject } from '../project/python-project.ts';
import { withPathsOf } from './requirements.ts';
import { PRIVATE, placeInRoot, type StageRoot } from './root.ts';
import type { ProgramAnswer, ProgramRequest } from './requests.ts';
import { linkPrograms } from './shims.ts';

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

const PROJECT_FILES = ['pyproject.toml', 'uv.lock', 'uv.toml', '.python-version'];
const DONE: ProgramAnswer = { code: 0, output: null };

interface InstallerPlace {
  root: StageRoot;
  stage: number;
  /** Whether a line before it could not be done: what it would have written is not there, and that is no mistake. */
  isIncomplete: boolean;
  state: InstallerState;
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
    for (const word of words) if (word.startsWith(`${PRIVATE}/requests/`)) await this.#bringInput(word);
    const made = environmentOf(words);
    if (made !== null) return this.#linkEnvironment(imagePath(request.folder, made));
    const system = readSystemCommand(words);
    if (system?.kind === 'not-done') this.#place.state.notHonoured.push(system.what);
    if (system !== null) return DONE;
    if (/^(?:--version|-V)$/.test(words[1] ?? '') && words.length === 2) return this.#version(words[0] ?? '');
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

  /** What was fed to it lies where only the root shows it. */
  async #bringInput(path: string): Promise<void> {
    const place = join(this.#place.root.folder, path);
    await mkdir(dirname(place), { recursive: true });
    await copyFile(join(this.#making.shims, path.slice(PRIVATE.length)), place);
  }

  #linkEnvironment(path: string): ProgramAnswer {
    this.#place.state.environments.push(path);
    const place = this.#inRoot(path);
    if (isThereSync(place)) rmSync(place, { recursive: true, force: true });
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(`${PRIVATE}/venv`, place);
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
    if (!isPip || !/^(?:wheel|download|uninstall|list|freeze|show|check)$/.test(verb)) {
      if (!/^(?:venv|lock|cache|python|self|config|)$/.test(verb))
        this.#place.state.notHonoured.push(words.slice(0, 4).join(' '));
      return DONE;
    }
    const options = words
      .slice(words.indexOf(verb) + 1)
      .map((word) =>
        word.startsWith('/')
          ? this.#inRoot(word)
          : word.replace(
              /^(--[\w-]+=)(\/.*)$/,
              (_, option: string, path: string) => option + this.#inRoot(path),
            ),
      );
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

  async #doInstall(install: Install): Promise<ProgramAnswer> {
    const project = install.kind === 'sync' ? await projectIn(this.#inRoot(install.folder)) : undefined;
    const step = installStep(install, this.#making, project);
    if (step === null) return DONE;
    const files = install.options
      .filter(({ name }) => isFileOption(name))
      .flatMap(({ value }) => (value === null ? [] : [value]));
    const paths = files.map((value) => this.#inRoot(imagePath(install.folder, value)));
    const absent = files.find((_value, index) => !isThereSync(paths[index] ?? ''));
    if (absent !== undefined && this.#place.isIncomplete) {
      const path = imagePath(install.folder, absent);
      this.#place.state.notHonoured.push(
        `pip install (without ${path}, which an earlier line would have made)`,
      );
      return DONE;
    }
    const answer = await withPathsOf({ files: paths, root: this.#place.root.folder }, async () => {
      this.#place.state.editable.push(...(await editableFolders(install, this.#making.sources)));
      return this.#run(step, install.kind === 'write' ? 'captured' : 'logged');
    });
    if (install.kind === 'write') return answer;
    if (answer.code === 0) this.#place.state.installs.push(install);
    await linkPrograms(this.#making.shims, this.#making.environment);
    if (install.kind === 'sync' && answer.code === 0)
      this.#linkEnvironment(imagePath(install.folder, install.env['UV_PROJECT_ENVIRONMENT'] ?? '.venv'));
    return answer;
  }

  async #run(step: BuildStep, how: 'captured' | 'logged'): Promise<ProgramAnswer> {
    const captured = join(this.#making.shims, 'captured');
    await mkdir(dirname(captured), { recursive: true });
    const output = how === 'captured' ? captured : null;
    const env = { ...this.#making.env, ...step.env, ...this.#making.settings };
    const command = {
      ...step,
      output,
      env,
      log: this.#making.log,
      hidden: this.#making.hidden,
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

async function projectIn(folder: string) {
  const files: Record<string, string> = {};
  for (const name of PROJECT_FILES) {
    const text = await readIfThere(join(folder, name));
    if (text !== null) files[name] = text;
  }
  return toPythonProject(files);
}
