import type { ArgInput, FlagInput, Input, ParserOutput } from '@oclif/core/interfaces';
import { parse } from '@oclif/core/parser';
import type { AichorError } from '../../errors.ts';

/** Where the program lies, and which one it is. */
export interface Program {
  root: string;
  version: string;
}

/** What a parsed line holds, by name of the flag or argument. */
interface Values {
  [name: string]: unknown;
}

/**
 * A command as oclif knows it: its texts, flags and arguments are static, oclif's parser reads the line, oclif's help
 * and manifest are made of it. It does not extend oclif's own class, because that loads help, hooks, plugins and
 * spinners with it, which no command here uses: half of every start (docs/program.md).
 */
export abstract class Command {
  /** Words of the command joined by `:`; set by whoever found it. */
  static id: string;
  static summary: string | undefined;
  static description: string | undefined;
  static examples: string[];
  static flags: FlagInput;
  static baseFlags: FlagInput;
  static args: ArgInput;
  /** False: arguments that are not declared are no error. */
  static strict = true;
  static hidden = false;
  static aliases: string[] = [];

  /** Runs the command on the words behind its name; resolves when it is done, whatever came of it. */
  static async run(this: CommandClass, argv: readonly string[], program: Program): Promise<void> {
    await new this([...argv], program).execute();
  }

  readonly argv: string[];
  readonly program: Program;

  constructor(argv: string[], program: Program) {
    this.argv = argv;
    this.program = program;
  }

  /** The class this is one of. */
  get ctor(): CommandClass {
    return this.constructor as CommandClass;
  }

  abstract execute(): Promise<void>;

  /** Flags and arguments of this line, checked. Throws the parser's errors, which `thrown.ts` puts into words. */
  protected async parse<F extends Values, B extends Values, A extends Values>(
    command: Input<F, B, A>,
  ): Promise<ParserOutput<F, B, A>> {
    // Read one by one, not spread: a class inherits some of them.
    const { args, flags, baseFlags, strict } = command;
    const merged = { args, flags: { ...baseFlags, ...flags }, strict } as Input<F, B, A>;
    return parse(this.argv, merged);
  }
}

/** What a file of `src/commands/` exports. */
export type CommandClass = (new (argv: string[], program: Program) => Command) &
  Pick<typeof Command, 'id' | 'flags' | 'baseFlags' | 'run'>;

/** Every command by its id (`experiments:submit:local`); the build writes it from the files of `src/commands/`. */
export type CommandTable = Readonly<Record<string, () => Promise<{ default: CommandClass }>>>;

/**
 * A command that did its work and whose exit code tells the result (contract 3, point 5): the document goes to
 * stdout, the error to stderr, and the error's code decides the exit code.
 */
export class Verdict<T> {
  readonly document: T;
  readonly error: AichorError;
  /** Whether the human view of the document says what the error says: then people are not told twice. */
  readonly isInView: boolean;

  constructor(document: T, error: AichorError, { isInView = false }: { isInView?: boolean } = {}) {
    this.document = document;
    this.error = error;
    this.isInView = isInView;
  }
}
