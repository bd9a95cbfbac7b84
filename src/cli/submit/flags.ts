import { boolean, string } from '@oclif/core/flags';
import type { InferredFlags } from '@oclif/core/interfaces';
import { repeated } from '../runtime/flags.ts';

/** What `submit local`, `submit commit-sha` and `resubmit` have in common. */
export const submissionFlags = {
  message: string({ char: 'm', description: 'What this experiment is about', helpValue: 'TEXT' }),
  engine: string({ description: 'Where it runs', helpValue: 'NAME' }),
  env: repeated('Variable for the pods; NAME alone takes its value from this shell', 'NAME[=VALUE]', 'e'),
  set: repeated('Change a value of the manifest for this run; PATH=null takes a key out', 'PATH=VALUE'),
  'env-file': repeated('File of NAME=VALUE lines; --env beats it', 'FILE'),
  secret: repeated('Variable whose value comes from this shell, else is asked for; shown as ***', 'NAME'),
  label: repeated('Label to find the experiment by', 'KEY=VALUE', 'l'),
  'idempotency-key': string({
    description: 'The same key again gives the same experiment',
    helpValue: 'KEY',
  }),
  'python-env': string({
    description: 'A virtual or conda environment, or an interpreter, used as it is (engine local)',
    helpValue: 'PATH',
  }),
  rebuild: boolean({
    description: 'Build the Python environment anew, whatever is there already (engine local)',
  }),
  keep: boolean({ description: "Keep the pods' working copies" }),
  force: boolean({ description: 'Submit although the engine lacks what the manifest asks for, at present' }),
  wait: boolean({ char: 'w', description: 'Wait for the end; the exit code tells the result' }),
  follow: boolean({
    char: 'f',
    description: 'Show the logs (on stderr) until the end; the exit code tells the result',
  }),
  quiet: boolean({ char: 'q', description: 'Print only the id', exclusive: ['dry-run'] }),
  project: string({ description: 'Project it belongs to', helpValue: 'NAME' }),
  'dry-run': boolean({ description: 'Print what would be sent and created, and do nothing' }),
};

/** What a new experiment has beside them. */
export const newSubmissionFlags = {
  ...submissionFlags,
  'repo-dir': string({
    description: 'The repository (default: this folder, or the nearest above it that has a manifest)',
    helpValue: 'DIRECTORY',
  }),
  'manifest-path': string({
    description: 'The manifest, from the root of the repository',
    helpValue: 'PATH',
  }),
};

export type SubmissionFlags = InferredFlags<typeof submissionFlags>;
