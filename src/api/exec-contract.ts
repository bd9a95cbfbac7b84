import { z } from 'zod';
import { errorBody } from './error-body.ts';

/**
 * `GET /v1/experiments/:ref/exec` as a WebSocket. What is wrong with the request is answered like any other; then the client
 * sends an `ExecStart` as text, and from then on both send messages of bytes: one that says the channel, and what it carries.
 */
export const EXEC_PROTOCOL = 'v1.exec.aichor';

/** The channels, named as Kubernetes numbers them; `taken` is ours. */
export const EXEC_CHANNELS = {
  /** To the command. */
  stdin: 0,
  stdout: 1,
  stderr: 2,
  /** The last message of the server: an `ExecEnd` as JSON. */
  end: 3,
  /** An `ExecSize` as JSON. */
  size: 4,
  /** How many bytes of stdin the command has taken, as text: no more than `EXEC_WINDOW` may be on their way. */
  taken: 5,
  /** Stdin has ended. */
  close: 255,
} as const;

/** Bytes of stdin that may have been sent and not been taken. */
export const EXEC_WINDOW = 512 * 1024;

export const execQuery = z.strictObject({
  /** As the record calls it. */
  pod: z.string().min(1).max(200),
});

export const execSize = z.object({
  columns: z.int().min(1).max(10_000),
  rows: z.int().min(1).max(10_000),
});

const WORDS_BYTES = 1_000_000;

export const execStart = z.strictObject({
  /** The program, and its words; none is read by a shell. */
  command: z
    .array(z.string())
    .min(1)
    .max(10_000)
    .refine((words) => words.every((word) => !word.includes('\0')), 'words have no NUL')
    .refine((words) => words.join('').length <= WORDS_BYTES, `longer than ${WORDS_BYTES} characters`),
  stdin: z.boolean().default(false),
  /** Null: none. A terminal is fed. */
  terminal: execSize
    .extend({ term: z.string().regex(/^[\w.+-]{1,64}$/) })
    .nullable()
    .default(null),
});

export const execEnd = z.union([z.object({ exit_code: z.int() }), errorBody]);

export type ExecStart = z.infer<typeof execStart>;
export type ExecStartInput = z.input<typeof execStart>;
export type ExecSize = z.infer<typeof execSize>;
export type ExecEnd = z.infer<typeof execEnd>;
