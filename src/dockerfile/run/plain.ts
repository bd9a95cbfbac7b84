import { imagePath } from '../tree/image-path.ts';
import { isEditableOption, isFileOption, isLocal, withoutExtras } from './options.ts';
import { readInstall, unmadeFolders } from './install.ts';
import type { Install } from '../stage.ts';
import type { RunEffect, RunRequest } from './request.ts';
import { expandWhole, expandWord, OF_THE_SHELL, withinLimits } from './shell-expand.ts';
import { ShellFiles, type CommandOutcome, type OutputFile } from './shell-files.ts';
import {
  literalCommand,
  NeedsShell,
  readSettings,
  readShell,
  readShellWords,
  type ShellCommand,
  type ShellList,
  type ShellSettings,
} from './shell-syntax.ts';
import { fitsPattern } from './shell-pattern.ts';
import {
  condaMade,
  isVersionQuestion,
  isWrittenBy,
  madeEnvironment,
  namedOutput,
} from './made-environment.ts';
import { baseName, readSystemCommand, wordsRunInside } from './system-command.ts';

/**
 * Follows a RUN whose commands are known by name, without a shell: conditions, loops over words, variables, installers,
 * small changes to files. Null: it needs a real one.
 */
export function readPlainRun(request: RunRequest): RunEffect | null {
  const { script, words } = request;
  try {
    const run = new PlainRun(request);
    return run.follow(
      script === null ? [{ after: 'always', command: literalCommand(words) }] : readShell(script),
    );
  } catch (error) {
    if (error instanceof NeedsShell) return null;
    throw error;
  }
}

/** Installers that are run themselves, where a shell follows. */
const RUN_AS_THEY_ARE = /^(?:poetry|pipenv)$/;

interface Place {
  assigned: ReadonlyMap<string, string>;
  target: OutputFile | null;
}

class PlainRun {
  readonly #request: RunRequest;
  readonly #files: ShellFiles;
  readonly #isBash: boolean;
  readonly #installs: Install[] = [];
  readonly #environments: string[] = [];
  readonly #notHonoured: string[] = [];
  #variables: Map<string, string>;
  readonly #exported: Set<string>;
  #settings: ShellSettings;

  constructor(request: RunRequest) {
    const { stage, mounts } = request;
    this.#request = request;
    ({ isBash: this.#isBash, settings: this.#settings } = readShellWords(request));
    this.#files = new ShellFiles(stage, { mounts, isBash: this.#isBash });
    this.#variables = new Map(stage.values);
    this.#exported = new Set(stage.values.keys());
  }

  follow(list: ShellList): RunEffect {
    if (this.#list(list) === 'failure') throw new NeedsShell('it fails');
    return {
      changes: this.#files.changes,
      installs: this.#installs,
      removed: this.#files.removed,
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
      const before = this.#installs.length;
      last = this.#command(command);
      const next = list[index + 1]?.after;
      const isLast = next === undefined || next === 'always';
      // What comes after it runs in any case, and how it ended is lost.
      if (
        next === 'always' &&
        after === 'always' &&
        !this.#settings.stopsAtFailure &&
        command.kind === 'simple'
      )
        for (const [at, install] of this.#installs.entries())
          if (at >= before) this.#installs[at] = { ...install, mayFail: true };
      if (last === 'failure' && isLast && this.#settings.stopsAtFailure) throw new NeedsShell('set -e');
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
          this.#assign(command.name, word);
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
    const [folder, variables, settings] = [this.#files.folder, new Map(this.#variables), this.#settings];
    const outcome = this.#list(body);
    [this.#files.folder, this.#variables, this.#settings] = [folder, variables, settings];
    return outcome;
  }

  /** A condition's failure ends nothing. */
  #holds(condition: ShellList): boolean {
    const { stopsAtFailure } = this.#settings;
    this.#settings = { ...this.#settings, stopsAtFailure: false };
    const outcome = this.#list(condition);
    this.#settings = { ...this.#settings, stopsAtFailure };
    if (outcome === 'presumed') throw new NeedsShell('if');
    return outcome === 'success';
  }

  #fits(value: string, pattern: string): boolean {
    const [field] = expandWord(pattern, this.#lookup);
    if (field === undefined) return value === '';
    if (!field.isPattern) return value === field.text;
    const fits = fitsPattern(value, field.text);
    if (fits === null) throw new NeedsShell(pattern);
    return fits;
  }

  readonly #lookup = withinLimits((name, isOptional) => {
    if (OF_THE_SHELL.test(name)) throw new NeedsShell(`$${name}`);
    const value = this.#variables.get(name) ?? (name === 'HOME' ? '/root' : undefined);
    if (value === undefined && this.#settings.refusesUnset && !isOptional) throw new NeedsShell(`$${name}`);
    return value;
  });

  #assign(name: string, value: string): void {
    if (OF_THE_SHELL.test(name)) throw new NeedsShell(`${name}=`);
    this.#variables.set(name, value);
  }

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
      for (const [name, value] of assigned) this.#assign(name, value);
      return 'success';
    }
    const target =
      output === null ? null : { path: this.#words(output.word)[0] ?? '', appends: output.appends };
    return this.#run(words, { assigned, target });
  }

  #run(words: readonly string[], place: Place): CommandOutcome {
    const [program = '', ...rest] = words;
    const name = baseName(program);
    if (/^(?:sudo|command|nice)$/.test(name) && rest.length > 0 && !rest[0]?.startsWith('-')) {
      const outcome = this.#run(rest, place);
      // Whether the image has a sudo is not known.
      return name === 'sudo' && outcome === 'success' ? 'presumed' : outcome;
    }
    if (name === 'env' && rest.length > 0) return this.#env(rest, place);
    const inside = wordsRunInside(words);
    if (inside !== null) return this.#run(inside, place);
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
    if (system === null || (system.kind === 'not-done' && RUN_AS_THEY_ARE.test(name)))
      throw new NeedsShell(name);
    if (system.kind === 'not-done') this.#notHonoured.push(system.what);
    this.#environments.push(...condaMade(words, Object.fromEntries(this.#variables)));
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
      case 'false':
        return name === 'true' ? 'success' : 'failure';
      case 'set':
        this.#settings = readSettings(rest, this.#settings, this.#isBash);
        return 'success';
      case 'export':
        return this.#export(rest);
      case 'cd':
        if (rest.length > 1 || /^-|^$/.test(rest[0] ?? '/')) throw new NeedsShell('cd');
        return this.#files.enter(rest[0] ?? this.#lookup('HOME', true) ?? '/root');
      case '.':
      case 'source':
        if (/(?:^|\/)bin\/activate$/.test(rest[0] ?? '')) return 'success';
        throw new NeedsShell(name);
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
    const isThere = /^(?:python3?|pip3?|uv|sh)$/.test(name);
    if (isThere || /^(?:nvidia-smi|nvcc|conda|mamba|rocm-smi)$/.test(name)) return isThere;
    throw new NeedsShell(name);
  }

  #export(rest: readonly string[]): CommandOutcome {
    for (const word of rest) {
      const equals = word.indexOf('=');
      const name = equals === -1 ? word : word.slice(0, equals);
      if (!/^[A-Za-z_]\w*$/.test(name)) throw new NeedsShell('export');
      if (equals !== -1) this.#assign(name, word.slice(equals + 1));
      this.#exported.add(name);
    }
    return 'success';
  }

  #install(words: readonly string[], { assigned, target }: Place): CommandOutcome | null {
    const [program = '', ...rest] = words;
    const name = baseName(program);
    if (isVersionQuestion(name, rest)) return 'success';
    const given = 'UV_PROJECT_ENVIRONMENT';
    const environment = madeEnvironment(name, rest, assigned.get(given) ?? this.#variables.get(given));
    if (environment !== null) this.#environments.push(imagePath(this.#files.folder, environment));
    if (environment !== null && !/^sync$/.test(rest[0] ?? '')) return 'success';
    const install = readInstall(words);
    if (install === null || install === 'nothing') return install && 'success';
    if (target !== null && install.kind !== 'write') throw new NeedsShell('>');
    const { line, stage } = this.#request;
    this.#checkInputs(install.options);
    const env = Object.fromEntries([...this.#variables].filter(([each]) => this.#exported.has(each)));
    const output = target === null ? null : imagePath(this.#files.folder, target.path);
    this.#installs.push({
      ...install,
      line,
      folder: this.#files.folder,
      output,
      stage: stage.number,
      env: { ...env, ...Object.fromEntries(assigned) },
      inputs: this.#files.inputsOf(install),
    });
    this.#notHonoured.push(...unmadeFolders(install));
    const written =
      output ?? (install.kind === 'write' ? namedOutput(install.options, this.#files.folder) : null);
    if (written !== null) this.#written.add(written);
    return 'presumed';
  }
  readonly #written = new Set<string>();
  /** What an installer reads has to be there: made by the context or by commands that were followed. */
  #checkInputs(options: readonly { name: string | null; value: string | null }[]): void {
    for (const { name, value } of options) {
      if (value === null) continue;
      const isInput = isFileOption(name) || isEditableOption(name) || (name === null && isLocal(value));
      if (!isInput || /^[a-z+]+:\/\//.test(value)) continue;
      const path = imagePath(this.#files.folder, withoutExtras(value));
      const isKnown =
        this.#files.isThere(path) ||
        this.#written.has(path) ||
        isWrittenBy(this.#request.stage.installs, path);
      if (!isKnown && this.#request.stage.unfollowed.length + this.#request.stage.notHonoured.length > 0)
        throw new NeedsShell(value);
      if (value.startsWith('/dev/') || value === '-') throw new NeedsShell(value);
    }
  }
}
