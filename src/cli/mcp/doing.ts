import { join } from 'node:path';
import { z } from 'zod';
import { bulkResult } from '../../api/contract.ts';
import { run } from '../../base/io/run.ts';
import { AichorError, ERROR_CODES } from '../../errors.ts';
import { id } from './reading.ts';
import { tool, type Around, type Tool } from './tool.ts';

/** What changes something, as far as it is allowed. */
export function doingTools(around: Around): Tool[] {
  return [submitTool(around), cancelTool(around)].filter(
    ({ deed }) => deed !== null && around.allow.has(deed),
  );
}

const submitted = z.object({
  experiment_id: z.uuid().optional(),
  status: z.string().optional(),
  /** Of a dry run. */
  plan: z.record(z.string(), z.unknown()).optional(),
});

function submitTool(around: Around): Tool {
  return tool({
    name: 'submit_directory',
    title: 'Submit a directory as an experiment',
    description:
      'Checks the manifest, packs the directory and submits it. dry_run: only says what would be created. The answer has the experiment_id.',
    input: z.object({
      repo_dir: z.string().min(1).describe('Absolute path of the repository'),
      manifest_path: z.string().optional(),
      message: z.string().max(10_000).optional(),
      engine: z.string().optional(),
      project: z.string().optional(),
      env: z.record(z.string(), z.string()).default({}).describe('Variables of the pods; no secrets'),
      labels: z.record(z.string(), z.string()).default({}),
      set: z
        .record(z.string(), z.string())
        .default({})
        .describe('Values of the manifest: spec.types.worker.count'),
      dry_run: z.boolean().default(false),
    }),
    output: submitted.loose(),
    deed: 'submit',
    call: (given) => submit(around, given),
  });
}

interface Given {
  repo_dir: string;
  manifest_path?: string | undefined;
  message?: string | undefined;
  engine?: string | undefined;
  project?: string | undefined;
  env: Record<string, string>;
  labels: Record<string, string>;
  set: Record<string, string>;
  dry_run: boolean;
}

/** By the command itself, in a process of its own: it says what it always says, and values are one word with their flag. */
async function submit({ program, env, signal }: Around, given: Given): Promise<z.infer<typeof submitted>> {
  const { repo_dir, manifest_path, message, engine, project, dry_run } = given;
  const single = { 'repo-dir': repo_dir, 'manifest-path': manifest_path, message, engine, project };
  const pairs = (flag: string, values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => `--${flag}=${name}=${value}`);
  const words = [
    ...Object.entries(single).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value}`])),
    ...pairs('env', given.env),
    ...pairs('label', given.labels),
    ...pairs('set', given.set),
    ...(dry_run ? ['--dry-run'] : []),
  ];
  const entry = join(program.root, 'bin', 'aichor.js');
  const command = [entry, 'experiments', 'submit', 'local', '--output=json', ...words];
  const { ok, stdout, stderr } = await run(process.execPath, command, { env, signal });
  if (!ok) throw errorIn(stderr);
  const document: z.infer<typeof submitted> = JSON.parse(stdout);
  return document;
}

const errorLine = z.object({
  error: z.object({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    hint: z.string().nullable(),
    diagnostics: z.array(z.record(z.string(), z.unknown())).optional(),
  }),
});

/** The error object, which is the last line of stderr. */
function errorIn(stderr: string): AichorError {
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  const read = errorLine.safeParse(last.startsWith('{') ? JSON.parse(last) : null);
  if (!read.success) return new AichorError('internal', 'the command failed without saying why');
  const { code, message, hint, diagnostics } = read.data.error;
  return new AichorError(code, message, { hint, ...(diagnostics && { diagnostics }) });
}

function cancelTool({ connect }: Around): Tool {
  return tool({
    name: 'cancel_experiments',
    title: 'Cancel experiments',
    description: 'Ends experiments that wait or run, by their ids. What they have written stays.',
    input: z.object({ ids: z.array(id).min(1).max(100) }),
    output: bulkResult,
    deed: 'cancel',
    call: async ({ ids }) => (await connect()).cancel({ ids }),
  });
}
