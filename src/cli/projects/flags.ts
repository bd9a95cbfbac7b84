import { boolean, integer, string } from '@oclif/core/flags';
import type { InferredFlags } from '@oclif/core/interfaces';
import type {
  ProjectCreationInput,
  ProjectUpdateInput,
  ProjectVariable,
} from '../../api/team/project-contract.ts';
import { PROVIDERS } from '../../api/team/hook-contract.ts';
import { AichorError } from '../../errors.ts';
import { durationFlag } from '../experiments/since.ts';
import { oneOf, repeated } from '../runtime/flags.ts';
import { readEnvFlags, readSecrets, secretNames } from '../submit/environment.ts';

/** What `projects create` and `projects update` have in common. */
export const projectFlags = {
  repository: string({ description: 'Its repository: an https or ssh URL', helpValue: 'URL' }),
  'allow-local-repository': boolean({
    description: 'Take a repository that lies on the server itself (file:…)',
    allowNo: true,
  }),
  'allow-inner-addresses': boolean({
    description: 'Take one at an address of an inner network, or of the server itself',
    allowNo: true,
  }),
  branch: repeated('Only pushes to branches like this start experiments: main, release/*', 'PATTERN'),
  engines: string({
    description:
      'Engines that it may use, with commas between them; all clusters unless said. local is the server itself',
    helpValue: 'A,B',
  }),
  'default-engine': string({ description: 'Where experiments go that name none', helpValue: 'NAME' }),
  'manifest-root': string({ description: 'Folder in which aichor_manifests/ is', helpValue: 'FOLDER' }),
  env: repeated('Variable for its pods; NAME alone takes its value from this shell', 'NAME[=VALUE]', 'e'),
  secret: repeated('The same with a value from this shell that nobody is shown again', 'NAME'),
  'build-env': repeated('Variable for its builds; named in both, it is for both', 'NAME[=VALUE]'),
  'build-secret': repeated('The same of settings of pip and uv that nobody is shown again', 'NAME'),
  'max-running': integer({ description: 'How many of it may run at the same time', min: 0, helpValue: 'N' }),
  'max-gpus': integer({ description: 'GPUs that it may have at the same time', min: 0, helpValue: 'N' }),
  'max-stored-gb': integer({
    description: 'GB of inputs, outputs and logs that no upload passes, and above which nothing new starts',
    min: 0,
    helpValue: 'N',
  }),
  retention: string({
    description: 'Remove logs of experiments that ended longer ago: 90d; the server looks every hour',
    helpValue: 'DURATION',
  }),
  'commit-status': oneOf(
    '--commit-status',
    [...PROVIDERS, 'off'],
    'Write what comes of an experiment to its commit, with the token, in the form of this host',
  ),
  'git-token': boolean({
    description: 'Read a token for the repository from AICHOR_GIT_TOKEN, else ask for it',
    exclusive: ['deploy-key'],
  }),
  'git-user': string({
    description: 'Name that goes with the token',
    dependsOn: ['git-token'],
    helpValue: 'NAME',
  }),
  'deploy-key': string({
    description: 'Private key for an ssh URL: a file of yours, or new: the server makes one',
    helpValue: 'FILE',
  }),
  'host-key': repeated('The key by which the host of an ssh URL is known, as ssh shows it', 'SHA256:…'),
};

export type ProjectFlags = Partial<InferredFlags<typeof projectFlags>>;

interface Around {
  shell: Record<string, string | undefined>;
  canAsk: boolean;
  signal: AbortSignal;
  readFile(path: string): Promise<string>;
}

/** What flags say, in the form of an update; what they do not say is absent. Throws AichorError `usage`. */
export async function settingsOf(flags: ProjectFlags, around: Around): Promise<ProjectUpdateInput> {
  const { branch = [], engines, retention } = flags;
  const quotas = {
    running: flags['max-running'],
    gpus: flags['max-gpus'],
    stored_gb: flags['max-stored-gb'],
  };
  const git = await gitOf(flags, around);
  return withoutUndefined({
    repository: flags.repository,
    allow_local_repository: flags['allow-local-repository'],
    allow_inner_addresses: flags['allow-inner-addresses'],
    branches: branch.length === 0 ? undefined : branch,
    engines: engines === undefined ? undefined : namesOf(engines),
    default_engine: flags['default-engine'],
    manifest_root: flags['manifest-root'],
    quotas: Object.values(quotas).some((limit) => limit !== undefined) ? withoutUndefined(quotas) : undefined,
    commit_status: flags['commit-status'] === 'off' ? null : flags['commit-status'],
    retention_s: retention === undefined ? undefined : durationFlag(retention, '--retention'),
    set_variables: await variablesOf(flags, around),
    git,
  });
}

/** The same for a project that is made. */
export function creationOf(name: string, settings: ProjectUpdateInput): ProjectCreationInput {
  const { set_variables: variables, drop_variables: _none, quotas, ...same } = settings;
  const limits = { running: null, gpus: null, stored_gb: null, ...quotas };
  return { name, ...withoutUndefined({ ...same, variables }), quotas: limits };
}

function namesOf(engines: string): string[] {
  return engines
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

async function variablesOf(
  flags: ProjectFlags,
  { shell, canAsk, signal }: Around,
): Promise<ProjectVariable[]> {
  const { env: run } = readEnvFlags({ env: flags.env ?? [], files: [], shell });
  const { env: build } = readEnvFlags({ env: flags['build-env'] ?? [], files: [], shell });
  const hidden = secretNames(flags.secret ?? [], run);
  const hiddenInBuild = secretNames(flags['build-secret'] ?? [], build);
  const secrets = await readSecrets([...new Set([...hidden, ...hiddenInBuild])], { shell, canAsk, signal });
  const open = merged(run, build, false);
  const pick = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, secrets[name] ?? '']));
  return [...open, ...merged(pick(hidden), pick(hiddenInBuild), true)];
}

function merged(
  run: Record<string, string>,
  build: Record<string, string>,
  sensitive: boolean,
): ProjectVariable[] {
  const names = new Set([...Object.keys(run), ...Object.keys(build)]);
  return [...names].map((name) => {
    const [inRun, inBuild] = [run[name], build[name]];
    if (inRun !== undefined && inBuild !== undefined && inRun !== inBuild)
      throw new AichorError('usage', `${name} has one value for pods and another for builds`, {
        hint: 'give the same value in --env and --build-env, or another name',
      });
    const scope = inBuild === undefined ? 'run' : inRun === undefined ? 'build' : 'both';
    return { name, value: inRun ?? inBuild ?? '', scope, sensitive };
  });
}

async function gitOf(flags: ProjectFlags, around: Around): Promise<ProjectUpdateInput['git']> {
  const key = flags['deploy-key'];
  if (key !== undefined)
    return { kind: 'deploy_key', private_key: key === 'new' ? null : await around.readFile(key) };
  if (!flags['git-token']) return undefined;
  const { AICHOR_GIT_TOKEN: token = '' } = await readSecrets(['AICHOR_GIT_TOKEN'], around);
  return { kind: 'token', token, ...(flags['git-user'] !== undefined && { user: flags['git-user'] }) };
}

function withoutUndefined<T extends object>(given: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}
