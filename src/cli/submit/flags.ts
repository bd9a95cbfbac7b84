import { boolean, integer, option, string } from '@oclif/core/flags';
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
  storage: option({
    options: ['folder', 's3'] as const,
    description: 'How pods see inputs and outputs: as folders, or as buckets of S3 (engine local)',
  })(),
  container: option({
    options: ['podman', 'docker', 'none'] as const,
    description:
      'Run pods in containers of an image built from the Dockerfile, by this program (engine local)',
  })(),
  notify: repeated(
    'Told when it is over, or has waited for 30 minutes: a webhook, or a command that reads the record on stdin',
    'URL|COMMAND',
  ),
  'no-notify': boolean({ description: 'Tell nobody, whatever the settings say', exclusive: ['notify'] }),
  keep: boolean({ description: "Keep the pods' working copies" }),
  force: boolean({
    description: 'Submit even if the engine does not have what the manifest asks for at present',
  }),
  wait: boolean({ char: 'w', description: 'Wait for the end; the exit code is the result' }),
  follow: boolean({
    char: 'f',
    description: 'Show the logs (on stderr) until the end; the exit code is the result',
  }),
  quiet: boolean({ char: 'q', description: 'Print only the id', exclusive: ['dry-run'] }),
  project: string({ description: 'Project it belongs to', helpValue: 'NAME' }),
  'dry-run': boolean({ description: 'Print what would be sent and created, and do nothing' }),
};

/** Of commands that send a directory. */
const directoryFlags = {
  'show-files': boolean({
    description: 'Name each file that is sent, and each that is left out with the rule that says so',
  }),
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

/** What `submit local` has. */
export const localSubmissionFlags = { ...newSubmissionFlags, ...directoryFlags };

const { 'idempotency-key': _key, follow: _follow, message: _message, ...ofEachPoint } = localSubmissionFlags;

/** What a sweep has: its name stands for the idempotency key, and nobody follows hundreds of logs. */
export const sweepSubmissionFlags = {
  ...ofEachPoint,
  message: string({
    char: 'm',
    description: 'What each is about; {LR}, {index}, {repeat} and {name} are filled in (default: the point)',
    helpValue: 'TEXT',
  }),
  grid: repeated('Values of a variable, each with every other: LR=0.1,0.01', 'NAME=VALUES'),
  set: repeated('The same of a place in the manifest: spec.types.worker.count=1,2', 'PLACE=VALUES'),
  list: string({ description: 'Points as JSON lines, a JSON list or CSV; - is stdin', helpValue: 'FILE' }),
  random: integer({ description: 'How many points to draw from --space', min: 1, dependsOn: ['space'] }),
  space: repeated('What is drawn: LR=log:1e-4:1e-1, D=int:1:8, uniform:, logint:, choice:a,b', 'NAME=FORM'),
  seed: integer({ description: 'The same seed draws the same points', default: 0, min: 0 }),
  repeat: integer({ description: 'How often each point runs', default: 1, min: 1, max: 1000 }),
  name: string({
    description: 'Name of the sweep; the same name again submits only what is missing',
    helpValue: 'NAME',
  }),
  rerun: option({
    options: ['missing', 'failed'] as const,
    description: 'What is submitted of a sweep that is there: what is missing, or also what failed',
    dependsOn: ['name'],
  })(),
  'max-parallel': integer({ description: 'How many of it may run at the same time', min: 1 }),
  'commit-sha': string({
    description: 'Submit this commit of the origin, not the directory',
    helpValue: 'SHA',
    exclusive: ['show-files'],
  }),
  branch: string({ description: 'The branch it is on', helpValue: 'NAME', dependsOn: ['commit-sha'] }),
};

export type SweepFlags = InferredFlags<typeof sweepSubmissionFlags>;
export type SubmissionFlags = InferredFlags<typeof submissionFlags> &
  Partial<InferredFlags<typeof directoryFlags>>;
