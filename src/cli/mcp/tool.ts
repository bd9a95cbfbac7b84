import type { z } from 'zod';
import type { Client } from '../../client/client.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import type { Program } from '../runtime/command.ts';
import { reportThrown } from '../runtime/thrown.ts';
import type { AllowedDeed } from './deeds.ts';

/** What serving takes from the command. */
export interface Around {
  connect(): Promise<Client>;
  allow: ReadonlySet<AllowedDeed>;
  program: Program;
  env: Record<string, string | undefined>;
  signal: AbortSignal;
  say(message: string): void;
}

/** Something that an agent can ask for. */
export interface Tool {
  name: string;
  title: string;
  description: string;
  input: z.ZodObject;
  output: z.ZodObject;
  /** Null: it only reads. */
  deed: AllowedDeed | null;
  call(given: unknown): Promise<object>;
}

/** A tool whose call gets its input as the schema makes it. */
export function tool<Input extends z.ZodObject, Output extends z.ZodObject>(
  made: Omit<Tool, 'input' | 'output' | 'call'> & {
    input: Input;
    output: Output;
    call(given: z.output<Input>): Promise<z.input<Output>>;
  },
): Tool {
  return { ...made, call: (given) => made.call(made.input.parse(given)) };
}

/** Its document as JSON, and as structured content; what went wrong is a result too, so that the agent can act on it. */
export async function callTool({ call, name }: Tool, given: unknown) {
  try {
    const document = await call(given);
    return { content: [text(document)], structuredContent: { ...document } };
  } catch (thrown) {
    const { error } = reportThrown(thrown, { command: `mcp: ${name}`, flags: [] });
    const { code, message, hint, diagnostics } = error;
    const said = { code, message, hint, exit_code: EXIT_CODES[code], ...(diagnostics && { diagnostics }) };
    return { content: [text({ error: said })], isError: true };
  }
}

function text(document: object) {
  return { type: 'text' as const, text: JSON.stringify(document) };
}
