import { imagePath } from '../tree/image-path.ts';
import { patternToRegExp } from '../tree/pattern.ts';
import { isEditableOption, isFileOption, isLocal } from './options.ts';
import { readInstall } from './install.ts';
import type { Install } from '../stage.ts';
import type { RunEffect, RunRequest } from './request.ts';
import { expandWhole, expandWord } from './shell-expand.ts';
import { ShellFiles, type CommandOutcome, type OutputFile } from './shell-files.ts';
import { NeedsShell, readShell, type ShellCommand, type ShellList } from './shell-syntax.ts';
import { baseName, readSystemCommand } from './system-command.ts';

/**
 * Follows a RUN whose commands are known by name, without a shell: conditions, loops over words, variables, installers,
 * small changes to files. Null: it needs a real one.
 */
export function readPlainRun(request: RunRequest): RunEffect | null {
  const { script, words } = request;
  const run = new PlainRun(request);
  try {
    return run.follow(script === null ? [{ after: 'always', command: literal(words) }] : readShell(script));
  } catch (error) {
    if (error instanceof NeedsShell) return null;
    throw error;
  }
}

/** Words of the exec form, in quotes. */
function literal(words: readonly string[]): ShellCommand {
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  return { kind: 'simple', words: quoted, output: null, isNot: false };
}

const NAME = /^[A-Za-z_]\w*$/;
interface Place {
  /** Variables of this command alone. */
  assigned: ReadonlyMap<string, string>;
  target: OutputFile | null;
}

class PlainRun {
  readonly #request: RunRequest;
  readonly #files: ShellFiles;
  readonly #installs: Install[] = [];
  readonly #environments: string[] = [];
  readonly #notHonoured: string[] = [];
  #variables: Map<string, string>;
  readonly #exported: Set<string>;
  #stopsAtFailure = false;

  constructor(request: RunRequest) {
    const { stage, mounts } = request;
    this.#request = request;
    this.#files = new ShellFiles(stage, mounts);
    this.#variables = new Map(stage.values);
    this.#exported = new Set(stage.values.keys());
  }

  follow(list: ShellList): RunEffect {
    if (this.#list(list) === 'failure') throw new NeedsShell('it fails');
    return {
      changes: this.#files.changes,
      installs: this.#installs,
      environments: this.#environments,
      notHonoured: this.#notHonoured,
    };
  }

  #list(list: ShellList): CommandOutcome {
    let last: CommandOutcome = 'success';
    for (const [index, { after, command }] of list.entries()) {
      if (after === 'failure' && last === 'presumed') throw new NeedsShell('||');
      if (after === 'success' && last === 'failure') continue;
      if (after === 'failure' && last !== 'failure') continue;
      last = this.#command(command);
      const isLast = list[index + 1]?.after === undefined || list[index + 1]?.after === 'always';
      if (last === 'failure' && isLast && this.#stopsAtFailure) throw new NeedsShell('set -e');
    }
    return last;
  }

  #command(command: ShellCommand): CommandOutcome {
    switch (command.kind) {
      case 'simple': {
        const outcome = this.#simple(command);
        if (!command.isNot) return outcome;
        if (outcome === 'presumed') throw new NeedsShell('!');
        return outcome === 'success' ? 'failure' : 'success';
      }
      case 'if': {
        for (const { condition, body } of command.branches)
          if (this.#holds(condition)) return this.#list(body);
        return command.otherwise === null ? 'success' : this.#list(command.otherwise);
      }
      case 'for': {
        let last: CommandOutcome = 'success';
        for (const word of command.words.flatMap((each) => this.#words(each))) {
          this.#variables.set(command.name, word);
          last = this.#list(command.body);
        }
        return last;
      }
      case 'case': {
        const value = expandWhole(command.word, this.#lookup);
        const chosen = command.branches.find(({ patterns }) =>
          patterns.some((pattern) => this.#fits(value, pattern)),
        );
        return chosen === undefined ? 'success' : this.#list(chosen.body);
      }
      case 'pipe':
        return this.#pipe(command.commands);
      case 'group':
        return command.isSubshell ? this.#subshell(command.body) : this.#list(command.body);
    }
  }

  /** What fetches uv or pip, and the shell it is fed to, have nothing to do. */
  #pipe([first]: readonly ShellCommand[]): CommandOutcome {
    const words = first?.kind === 'simple' ? first.words.flatMap((word) => this.#words(word)) : [];
    if (!/^(?:curl|wget)$/.test(words[0] ?? '') || readSystemCommand(words)?.kind !== 'nothing')
      throw new NeedsShell('|');
    return 'success';
  }

  #subshell(body: ShellList): CommandOutcome {
    const [folder, variables] = [this.#files.folder, new Map(this.#variables)];
    const outcome = this.#list(body);
    this.#files.folder = folder;
    this.#variables = variables;
    return outcome;
  }

  /** A condition's failure ends nothing. */
  #holds(condition: ShellList): boolean {
    const stops = this.#stopsAtFailure;
    this.#stopsAtFailure = false;
    const outcome = this.#list(condition);
    this.#stopsAtFailure = stops;
    if (outcome === 'presumed') throw new NeedsShell('if');
    return outcome === 'success';
  }

  #fits(value: string, pattern: string): boolean {
    const [field] = expandWord(pattern, this.#lookup);
    if (field === undefined) return value === '';
    return field.isPattern ? patternToRegExp(field.text).test(value) : value === field.text;
  }

  readonly #lookup = (name: string): string | undefined => {
    if (name === 'PATH' || name === 'PWD') throw new NeedsShell(`$${name}`);
    return name === 'HOME' ? (this.#variables.get(name) ?? '/root') : this.#variables.get(name);
  };

  /** With the names of files that patterns find; one that finds none stays as it is. */
  #words(word: string): string[] {
    return expandWord(word, this.#lookup).flatMap((field) => this.#files.glob(field));
  }

  #simple({ words: written, output }: Extract<ShellCommand, { kind: 'simple' }>): CommandOutcome {
    const assigned = new Map<string, string>();
    let first = 0;
    for (; first < written.length; first++) {
      const found = /^([A-Za-z_]\w*)=/.exec(written[first] ?? '');
      if (found?.[1] === undefined) break;
      assigned.set(found[1], expandWhole(written[first] ?? '', this.#lookup).slice(found[0].length));
    }
    const words = written
      .slice(first)
      .flatMap((word) =>
        /^[A-Za-z_]\w*=/.test(word) && /^(?:export|env)$/.test(written[first] ?? '')
          ? [expandWhole(word, this.#lookup)]
          : this.#words(word),
      );
    if (words.length === 0) {
      for (const [name, value] of assigned) this.#variables.set(name, value);
      return 'success';
    }
    const target =
      output === null ? null : { path: this.#words(output.word)[0] ?? '', appends: output.appends };
    return this.#run(words, { assigned, target });
  }

  #run(words: readonly string[], place: Place): CommandOutcome {
    const [program = '', ...rest] = words;
    const name = baseName(program);
    if (/^(?:sudo|command|exec|time|nice)$/.test(name) && rest.length > 0 && !rest[0]?.startsWith('-'))
      return this.#run(rest, place);
    if (name === 'env' && rest.length > 0) return this.#env(rest, place);
    if (place.target !== null && name !== 'echo' && name !== 'uv' && name !== 'touch')
      throw new NeedsShell('>');
    const builtin = this.#builtin(name, rest);
    if (builtin !== null) return builtin;
    if (name === 'echo' || name === ':') return this.#files.echo(name === ':' ? [] : rest, place.target);
    const install = this.#install(words, place);
    if (install !== null) return install;
    const files = place.target === null ? this.#files.run(name, rest) : null;
    if (files !== null) return files;
    const system = readSystemCommand(words);
    if (system === null) throw new NeedsShell(name);
    if (system.kind === 'not-done') this.#notHonoured.push(system.what);
    return 'success';
  }

  #env(words: readonly string[], place: Place): CommandOutcome {
    const assigned = new Map(place.assigned);
    const at = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
    for (const word of words.slice(0, at === -1 ? undefined : at)) {
      const equals = word.indexOf('=');
      assigned.set(word.slice(0, equals), word.slice(equals + 1));
    }
    if (at === -1) return 'success';
    if (words[at]?.startsWith('-')) throw new NeedsShell('env');
    return this.#run(words.slice(at), { ...place, assigned });
  }

  #builtin(name: string, rest: readonly string[]): CommandOutcome | null {
    switch (name) {
      case 'true':
        return 'success';
      case 'false':
        return 'failure';
      case 'set':
        if (rest.some((word) => !/^[-+][exu]+$|^-o$|^pipefail$/.test(word))) throw new NeedsShell('set');
        this.#stopsAtFailure ||= rest.some((word) => /^-\w*e/.test(word));
        return 'success';
      case 'export':
        return this.#export(rest);
      case 'cd':
        this.#files.enter(rest.at(-1) ?? '/root');
        return 'success';
      case '.':
      case 'source':
        if (!/(?:^|\/)bin\/activate$/.test(rest[0] ?? '')) throw new NeedsShell(name);
        return 'success';
      case '[':
      case 'test':
        return this.#files.test(name === '[' ? rest.slice(0, -1) : rest) ? 'success' : 'failure';
      case 'command':
      case 'which':
        return this.#isProgram(rest.at(-1) ?? '') ? 'success' : 'failure';
      default:
        return null;
    }
  }

  #isProgram(name: string): boolean {
    if (/^(?:nvidia-smi|nvcc|conda|mamba|rocm-smi)$/.test(name)) return false;
    if (/^(?:python3?|pip3?|uv|sh)$/.test(name)) return true;
    throw new NeedsShell(name);
  }

  #export(rest: readonly string[]): CommandOutcome {
    for (const word of rest) {
      const equals = word.indexOf('=');
      const name = equals === -1 ? word : word.slice(0, equals);
      if (!NAME.test(name)) throw new NeedsShell('export');
      if (equals !== -1) this.#variables.set(name, word.slice(equals + 1));
      this.#exported.add(name);
    }
    return 'success';
  }

  #install(words: readonly string[], { assigned, target }: Place): CommandOutcome | null {
    const [program = '', ...rest] = words;
    const name = baseName(program);
    if (isVersionQuestion(name, rest)) return 'success';
    const environment = madeEnvironment(
      name,
      rest,
      assigned.get('UV_PROJECT_ENVIRONMENT') ?? this.#variables.get('UV_PROJECT_ENVIRONMENT'),
    );
    if (environment !== null) this.#environments.push(imagePath(this.#files.folder, environment));
    if (environment !== null && !/^sync$/.test(rest[0] ?? '')) return 'success';
    const install = readInstall(words);
    if (install === null) return null;
    if (install === 'nothing') return 'success';
    if (target !== null && install.kind !== 'write') throw new NeedsShell('>');
    const { line, stage } = this.#request;
    this.#checkInputs(install.options);
    const env = Object.fromEntries([...this.#variables].filter(([each]) => this.#exported.has(each)));
    const output = target === null ? null : imagePath(this.#files.folder, target.path);
    const whole = {
      ...install,
      line,
      folder: this.#files.folder,
      output,
      stage: stage.number,
      env: { ...env, ...Object.fromEntries(assigned) },
    };
    this.#installs.push(whole);
    const written = output ?? (install.kind === 'write' ? this.#writtenBy(install.options) : null);
    if (written !== null) this.#written.add(written);
    return 'presumed';
  }

  readonly #written = new Set<string>();

  #writtenBy(options: readonly { name: string | null; value: string | null }[]): string | null {
    const named = options.find(({ name }) => name === '-o' || name === '--output-file')?.value;
    return named == null ? null : imagePath(this.#files.folder, named);
  }

  /** What an installer reads has to be there: made by the context or by commands that were followed. */
  #checkInputs(options: readonly { name: string | null; value: string | null }[]): void {
    for (const { name, value } of options) {
      if (value === null) continue;
      const isInput = isFileOption(name) || isEditableOption(name) || (name === null && isLocal(value));
      if (!isInput || /^[a-z+]+:\/\//.test(value)) continue;
      const path = imagePath(this.#files.folder, value.replace(/\[.*$/, ''));
      const isKnown = this.#files.isThere(path) || this.#written.has(path) || this.#isWrittenEarlier(path);
      if (!isKnown && this.#request.stage.unfollowed.length + this.#request.stage.notHonoured.length > 0)
        throw new NeedsShell(value);
      if (value.startsWith('/dev/') || value === '-') throw new NeedsShell(value);
    }
  }

  #isWrittenEarlier(path: string): boolean {
    return this.#request.stage.installs.some(({ output, options, folder, kind }) => {
      const named =
        kind === 'write'
          ? options.find(({ name }) => name === '-o' || name === '--output-file')?.value
          : null;
      return output === path || (named != null && imagePath(folder, named) === path);
    });
  }
}

function isVersionQuestion(name: string, rest: readonly string[]): boolean {
  return (
    /^(?:python3?(?:\.\d+)?|pip3?|uv|gcc|cmake)$/.test(name) &&
    rest.length === 1 &&
    /^(?:--version|-V)$/.test(rest[0] ?? '')
  );
}

/** The folder of the virtual environment that a command makes; null: it makes none. */
function madeEnvironment(name: string, rest: readonly string[], project: string | undefined): string | null {
  const operands = rest.filter((word) => !word.startsWith('-'));
  if (/^python3?(?:\.\d+)?$/.test(name) && rest[0] === '-m' && /^(?:venv|virtualenv)$/.test(rest[1] ?? ''))
    return operands[1] ?? null;
  if (name === 'virtualenv') return operands.at(-1) ?? null;
  if (name === 'uv' && rest[0] === 'venv')
    return (
      operands.filter(
        (_, at) =>
          at > 0 && !/^(?:-p|--python|--prompt)$/.test(rest[rest.indexOf(operands[at] ?? '') - 1] ?? ''),
      )[0] ?? '.venv'
    );
  if (name === 'uv' && rest[0] === 'sync') return project ?? '.venv';
  return null;
}
