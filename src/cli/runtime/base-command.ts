import { boolean } from '@oclif/core/flags';
import type { Client } from '../../client/client.ts';
import type { Target } from '../../client/http.ts';
import { AichorError } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { Command, Verdict } from './command.ts';
import { OutputClosed, watchInterruption } from './interruption.ts';
import { watchReader } from './output-reader.ts';
import { canAnimate, screenOf, type Screen } from './screen.ts';
import { resolveSettings, type FlagSettings, type Settings } from '../settings/settings.ts';
import { createTalk, type Talk } from './talk.ts';

/**
 * What every command extends. A command's `run` parses, does its work and returns the document (a `Verdict` when
 * the exit code tells the result, undefined when it wrote to stdout itself with `write`); this class prints it:
 * JSON, or on a terminal what `view` draws. Whatever is thrown is printed on stderr and becomes the exit code.
 */
export abstract class BaseCommand<T = unknown> extends Command {
  static override baseFlags = {
    json: boolean({ description: 'Print JSON, also on a terminal', helpGroup: 'GLOBAL' }),
  };

  abstract run(): Promise<T | Verdict<T> | undefined>;

  /** The human drawing of the document, without the last newline; null: JSON there too. */
  view(_document: T): string | null | Promise<string | null> {
    return null;
  }

  readonly #stdout = process.stdout;
  readonly #stderr = process.stderr;
  #settings: Settings | undefined;
  #signal: AbortSignal | undefined;
  #stillRunning: readonly string[] = [];

  /** Texts of files that errors point into, by the name the user gave: mistakes are shown in them. */
  readonly sources = new Map<string, string>();

  /** Stdout as views see it. */
  readonly screen: Screen = screenOf(this.#stdout, process.env);

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

  /** Whether a human view is wanted: stdout is a terminal and nobody asked for JSON. */
  get humanWanted(): boolean {
    return this.#stdout.isTTY === true && !this.jsonAsked();
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
  async runningClient(): Promise<Client | null> {
    const { runningClient } = await import('./connect.ts');
    return runningClient(this.#connection());
  }

  /** Address and key of the control plane, started when need be; for streams that reconnect by themselves. */
  async connect(): Promise<Target> {
    const { connect } = await import('./connect.ts');
    return connect(this.#connection());
  }

  /** Names the experiments that go on when this command is interrupted; the message will say how to cancel them. */
  keepsRunning(...experimentIds: string[]): void {
    this.#stillRunning = experimentIds;
  }

  /** Writes data to stdout and waits until it is taken. For commands that stream. */
  async write(chunk: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#stdout.write(chunk, (error) =>
        error ? reject(this.signal.aborted ? this.signal.reason : error) : resolve(),
      );
    });
  }

  #connection() {
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
    try {
      const outcome = await this.run();
      this.talk.settle();
      if (outcome instanceof Verdict) {
        await this.#print(outcome.document);
        await this.#fail(outcome.error, 'verdict');
      } else if (outcome !== undefined) await this.#print(outcome);
    } catch (error) {
      this.talk.settle();
      await this.#fail(error, 'failure');
    }
  }

  async #print(document: T): Promise<void> {
    const drawn = this.humanWanted ? await this.view(document) : null;
    const spaces = this.#stdout.isTTY ? 2 : undefined;
    await this.write(`${drawn ?? JSON.stringify(document, null, spaces)}\n`);
  }

  /** Sets the exit code itself, because oclif loses it with `--json` and re-wraps the text. */
  async #fail(thrown: unknown, kind: 'failure' | 'verdict'): Promise<void> {
    const signal = this.#signal;
    const ended = signal?.aborted ? signal.reason : thrown;
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
      flags: Object.keys(this.ctor.flags ?? {}),
    });
    const said = error.code === 'interrupted' ? this.#interrupted() : error;
    process.exitCode = EXIT_CODES[said.code];
    const text = await failureText(
      { error: said, stack },
      {
        screen: this.humanWanted ? screenOf(this.#stderr, process.env) : null,
        sources: this.sources,
        findingsShown: kind === 'verdict',
      },
    );
    this.#stderr.write(text);
  }

  #interrupted(): AichorError {
    const ids = this.#stillRunning;
    if (ids.length === 0) return new AichorError('interrupted', 'interrupted');
    const going = ids.length === 1 ? `experiment ${ids[0]} goes on` : `${ids.length} experiments go on`;
    return new AichorError('interrupted', `interrupted; ${going}`, {
      hint: `to end ${ids.length === 1 ? 'it' : 'them'}: aichor experiments cancel ${ids.join(' ')}`,
    });
  }

  /** `--json` counts also when the rest of the line could not be parsed. */
  protected jsonAsked(): boolean {
    const end = this.argv.indexOf('--');
    const flags = end === -1 ? this.argv : this.argv.slice(0, end);
    return flags.includes('--json') || process.env['AICHOR_OUTPUT'] === 'json';
  }

  #typedName(): string {
    return (this.ctor.id ?? '').replaceAll(':', ' ');
  }
}
