import { boolean, option } from '@oclif/core/flags';
import { harmless, harmlessJson, harmlessLine } from '../../base/text/harmless.ts';
import type { Client } from '../../client/client.ts';
import type { Target } from '../../client/http.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { Command, Verdict } from './command.ts';
import { OutputClosed, outputLost, watchInterruption, watchReader } from './interruption.ts';
import { FORMATS, formatWanted, linesOf, type Format } from './output.ts';
import { canAnimate, screenOf, type Screen } from './screen.ts';
import { resolveSettings, type FlagSettings, type Settings } from '../settings/settings.ts';
import { createTalk, type Talk } from './talk.ts';

/** What goes on when a command is interrupted. */
interface StillRunning {
  ids: readonly string[];
  /** Flags that chose them: `--label a`. */
  chosenBy: readonly string[];
}

/** Ids that are written out in a hint. */
const MOST_NAMED = 5;

/**
 * What every command extends. A command's `run` parses, does its work and returns the document (a `Verdict` when
 * the exit code is the result, undefined when it wrote to stdout itself with `write`); this class prints it in the
 * form that was asked for: JSON, a line for each thing, or what `view` draws for people (on a terminal, unless asked). Whatever is thrown is printed on stderr and becomes the exit code.
 */
export abstract class BaseCommand<T = unknown> extends Command {
  static override baseFlags = {
    json: boolean({ description: 'Print JSON, also on a terminal: --output json', helpGroup: 'GLOBAL' }),
    output: option({
      options: FORMATS,
      description: 'How to print: for people, or as data; AICHOR_OUTPUT says it for all commands',
      helpGroup: 'GLOBAL',
      exclusive: ['json'],
    })(),
    utc: boolean({ description: 'Show times in UTC, not in the zone of this machine', helpGroup: 'GLOBAL' }),
  };

  abstract run(): Promise<T | Verdict<T> | undefined>;

  /** The human drawing of the document, without the last newline; null: JSON there too. */
  view(_document: T): string | null | Promise<string | null> {
    return null;
  }

  /** The document as YAML. */
  async yaml(document: T): Promise<string> {
    const { stringify } = await import('yaml');
    return stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 });
  }

  readonly #stdout = process.stdout;
  readonly #stderr = process.stderr;
  #settings: Settings | undefined;
  #signal: AbortSignal | undefined;
  #stillRunning: StillRunning = { ids: [], chosenBy: [] };
  #goesOnWhenRepeated = false;
  #followed: readonly string[] = [];
  /** A control plane was, or is to be, spoken to. */
  #isConnecting = false;

  /** Texts of files that errors point into, by the name the user gave: mistakes are shown in them. */
  readonly sources = new Map<string, string>();

  /** Stdout as views see it. */
  get screen(): Screen {
    const utc = this.argv.includes('--utc');
    return { ...screenOf(this.#stdout, process.env, this.#stderr), utc };
  }

  /** Stderr as what is said to people sees it. */
  get talkScreen(): Screen {
    return screenOf(this.#stderr, process.env);
  }

  /** Notices, progress and whatever else is said to people: stderr. */
  readonly talk: Talk = createTalk({
    write: (text) => this.#stderr.write(text),
    screen: screenOf(this.#stderr, process.env),
    animate: canAnimate(this.#stderr, process.env),
  });

  /** Flag > environment > file > default, each with its origin. Without flags it is resolved once. */
  settings(flags?: FlagSettings): Settings {
    if (flags) return resolveSettings(process.env, flags);
    return (this.#settings ??= resolveSettings(process.env));
  }

  /** Aborted by Ctrl-C, SIGTERM and a closed stdout; hand it to everything that takes time. */
  get signal(): AbortSignal {
    return (this.#signal ??= watchInterruption(process, (onGone) => watchReader(process, onGone)));
  }

  /** The form of stdout. */
  get format(): Format {
    return formatWanted({ argv: this.argv, env: process.env, isTerminal: this.#stdout.isTTY === true });
  }

  /** Whether a human view is wanted. */
  get humanWanted(): boolean {
    return this.format === 'table';
  }

  /** Whether a view may move the cursor: a human one, on a terminal that is not a CI's. */
  get canRedraw(): boolean {
    return this.humanWanted && canAnimate(this.#stdout, process.env);
  }

  /** Whether errors are written for people: stderr is a terminal, and nobody asked for JSON. */
  get #errorsForPeople(): boolean {
    return this.#stderr.isTTY === true && (this.format !== 'json' || this.#stdout.isTTY !== true);
  }

  /** Whether somebody can be asked something: stdin and stderr are a terminal. */
  get canAsk(): boolean {
    return process.stdin.isTTY === true && this.#stderr.isTTY === true;
  }

  /** A client of the configured control plane; the embedded one is started when it does not run. */
  async client(): Promise<Client> {
    const { connectedClient } = await import('./connect.ts');
    return connectedClient(this.#connection());
  }

  /** The same without ever starting a server: null when the embedded one does not run. */
  async runningClient(signal: AbortSignal = this.signal): Promise<Client | null> {
    const { runningClient } = await import('./connect.ts');
    return runningClient({ ...this.#connection(), signal });
  }

  /** Address and key of the control plane, started when need be; for streams that reconnect by themselves. */
  async connect(): Promise<Target> {
    const { connect } = await import('./connect.ts');
    return connect(this.#connection());
  }

  /**
   * Names the experiments that go on when this command is interrupted: the message will say how to come back to them, and
   * how to cancel them; by the flags that they were chosen by (`--label a`), where there are some.
   */
  keepsRunning(ids: readonly string[], chosenBy: readonly string[] = []): void {
    this.#stillRunning = { ids, chosenBy };
  }

  /** Says, when this command is interrupted, that it goes on where it was when it is given again. */
  goesOnWhenRepeated(): void {
    this.#goesOnWhenRepeated = true;
  }

  /** The same of experiments that are followed to their end: after a long time, that draws attention. */
  follows(ids: readonly string[], chosenBy: readonly string[] = []): void {
    this.keepsRunning(ids, chosenBy);
    this.#followed = ids;
  }

  /** The same for lines of JSON, which on a terminal are harmless; `write` is for what was drawn, or must be exact. */
  async writeJson(chunk: string | Uint8Array): Promise<void> {
    if (!this.#stdout.isTTY) return this.write(chunk);
    await this.write(harmlessJson(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8')));
  }

  /** Writes data to stdout and waits until it is taken. For commands that stream. */
  async write(chunk: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#stdout.write(chunk, (error) =>
        error ? reject(this.signal.aborted ? this.signal.reason : outputLost(error)) : resolve(),
      );
    });
  }

  #connection() {
    this.#isConnecting = true;
    const { signal, talk } = this;
    return {
      settings: this.settings(),
      env: process.env,
      version: this.program.version,
      root: this.program.root,
      signal,
      talk,
    };
  }

  async execute(): Promise<void> {
    this.#stderr.on('error', () => undefined);
    try {
      const outcome = await this.run();
      this.talk.end();
      if (outcome instanceof Verdict) {
        await this.#print(outcome.document);
        await this.#fail(outcome.error, this.humanWanted && outcome.isInView ? 'seen' : 'verdict');
      } else if (outcome !== undefined) await this.#print(outcome);
    } catch (error) {
      this.talk.end();
      await this.#fail(error, 'failure');
    }
    if (this.#followed.length > 0 && this.#signal?.aborted !== true) await this.#drawAttention();
  }

  async #drawAttention(): Promise<void> {
    const { drawAttention } = await import('../notify/attention.ts');
    // Since the process began.
    const seconds = performance.now() / 1000;
    const exitCode = Number(process.exitCode ?? 0);
    const terminals = [this.#stderr, this.#stdout];
    drawAttention({ ids: this.#followed, exitCode, seconds }, { terminals, env: process.env });
  }

  /** What `tsv` has of a document, where that is not all of it. */
  protected async rows(document: T): Promise<unknown> {
    return document;
  }

  async #print(document: T): Promise<void> {
    const text = await this.#textOf(document);
    await this.write(text === '' ? '' : `${text}\n`);
  }

  async #textOf(document: T): Promise<string> {
    const { format } = this;
    const { isTTY } = this.#stdout;
    const safe = (text: string) => (isTTY ? harmless(text) : text);
    if (format === 'tsv') return safe(linesOf(await this.rows(document), format));
    if (format === 'id') return safe(linesOf(document, format));
    if (format === 'yaml') return safe((await this.yaml(document)).trimEnd());
    const drawn = format === 'table' ? await this.view(document) : null;
    // Views see to it themselves; this is for the text that one of them forgot.
    if (drawn !== null) return isTTY ? harmlessLine(drawn) : drawn;
    return isTTY ? harmlessJson(JSON.stringify(document, null, 2)) : JSON.stringify(document);
  }

  /** Sets the exit code itself, because oclif loses it with `--json` and re-wraps the text. */
  async #fail(thrown: unknown, kind: 'failure' | 'verdict' | 'seen'): Promise<void> {
    const signal = this.#signal;
    // What was thrown because of the interruption is that, unless it says more of it.
    const saysMore = isAichorError(thrown) && thrown.code === 'interrupted';
    const ended = signal?.aborted && !saysMore ? signal.reason : thrown;
    if (ended instanceof OutputClosed) {
      process.exitCode = 0;
      return;
    }
    const [{ reportThrown }, { failureText }] = await Promise.all([
      import('./thrown.ts'),
      import('./failure-text.ts'),
    ]);
    const { error, stack } = reportThrown(ended, {
      command: this.#typedName(),
      flags: Object.keys({ ...this.ctor.baseFlags, ...this.ctor.flags }),
    });
    const said = error.code === 'interrupted' && error.hint === null ? this.#interrupted() : error;
    process.exitCode = EXIT_CODES[said.code];
    if (kind === 'seen' && this.#errorsForPeople) return;
    const text = await failureText(
      { error: await this.#explained(said), stack },
      {
        screen: this.#errorsForPeople ? this.talkScreen : null,
        sources: this.sources,
        findingsShown: kind === 'verdict',
      },
    );
    this.#stderr.write(text);
  }

  async #explained(error: AichorError): Promise<AichorError> {
    if (!this.#isConnecting) return error;
    const { explainedByVersions } = await import('./connect.ts');
    return explainedByVersions(this.#connection(), error);
  }

  #interrupted(): AichorError {
    const { ids, chosenBy } = this.#stillRunning;
    if (ids.length === 0)
      return new AichorError('interrupted', 'interrupted', {
        hint: this.#goesOnWhenRepeated ? 'the same command again goes on where it was' : null,
      });
    const one = ids.length === 1;
    const going = one ? `experiment ${ids[0]} goes on` : `${ids.length} experiments go on`;
    const which = chosenBy.length > 0 ? chosenBy : ids.map((id) => id.slice(0, 8));
    // A line that nobody reads to its end helps nobody.
    const named = which.length > MOST_NAMED ? 'ID…' : which.join(' ');
    const back = one && chosenBy.length === 0 ? `logs -f ${named}` : `wait ${named}`;
    return new AichorError('interrupted', `interrupted; ${going}`, {
      hint: `aichor experiments ${back} comes back to ${one ? 'it' : 'them'}; aichor experiments cancel ${named} ends ${one ? 'it' : 'them'}`,
    });
  }

  #typedName(): string {
    return (this.ctor.id ?? '').replaceAll(':', ' ');
  }
}
