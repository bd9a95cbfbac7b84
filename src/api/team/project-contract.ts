import { z } from 'zod';
import { projectName } from '../contract.ts';
import { PROVIDERS } from './hook-contract.ts';

const time = z.iso.datetime({ precision: 3 });
const variableName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'letters, digits and _, and no digit first');

/** What sees a variable: pods, the build, or both. */
export const SCOPES = ['run', 'build', 'both'] as const;

/** A variable that every experiment of the project gets; what a manifest or a submission says beats it. */
export const projectVariable = z.strictObject({
  name: variableName,
  value: z.string().max(100_000),
  scope: z.enum(SCOPES).default('run'),
  /** Its value is never told again. */
  sensitive: z.boolean().default(false),
});

/** What all experiments of a project may take together; null: no limit. */
export const quotas = z.strictObject({
  /** Experiments that run at the same time. */
  running: z.int().min(0).max(1_000_000).nullable().default(null),
  /** GPUs that they have at the same time. */
  gpus: z.int().min(0).max(1_000_000).nullable().default(null),
  /** GB of inputs, outputs and logs on the server's machine; no upload passes it, and while there is more, nothing new starts. */
  stored_gb: z.number().min(0).max(1_000_000_000).nullable().default(null),
});

const NO_QUOTAS = { running: null, gpus: null, stored_gb: null };

/** A folder of the repository: relative, in its shortest form. */
const manifestRoot = z
  .string()
  .max(1000)
  .regex(/^(?!\.)[^\\\0-\x1f]+$/, 'a folder of the repository')
  .refine((path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'), {
    message: 'in its shortest form, without . and ..',
  });

const engineName = z.string().min(1).max(200);

/** How Git gets at the repository. */
export const gitAccess = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  /** For https: sent to the origin of the repository's URL, and nowhere else. */
  z.strictObject({
    kind: z.literal('token'),
    token: z
      .string()
      .min(1)
      .max(4096)
      .regex(/^[\x21-\x7e]+$/, 'one word of ASCII'),
    /** The name that goes with it; most hosts take any. */
    user: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^:\0-\x1f]+$/, 'without a colon')
      .default('git'),
  }),
  /** For ssh. Null: the server makes a pair, and tells the public key. */
  z.strictObject({ kind: z.literal('deploy_key'), private_key: z.string().max(20_000).nullable() }),
]);

const settings = {
  /** URL of the repository, https or ssh; a file: one only with `allow_local_repository`. Null: commits come from where a submission says. */
  repository: z.string().min(1).max(4096).nullable(),
  allow_local_repository: z.boolean(),
  /** Whether the repository may be at addresses of inner networks and of the server itself; else they are refused. http only there. */
  allow_inner_addresses: z.boolean(),
  /** Patterns of branches whose pushes start experiments; none: every branch. */
  branches: z.array(z.string().min(1).max(400)).max(100),
  /** Engines that its experiments may use; null: every cluster, and not the server's own machine. */
  engines: z.array(engineName).min(1).max(100).nullable(),
  /** Where experiments go for which nobody names one. */
  default_engine: engineName.nullable(),
  /** The folder that `aichor_manifests/` is looked for in; null: the root. */
  manifest_root: manifestRoot.nullable(),
  quotas,
  /** Seconds: logs of experiments that ended longer ago are removed; null: never. */
  retention_s: z.int().min(3600).max(3_153_600_000).nullable(),
  /** The host of the repository, when what comes of an experiment is written to its commit there, with the project's token; null: it is not. */
  commit_status: z.enum(PROVIDERS).nullable(),
};

/** Lines of `known_hosts`, as whoever made the project has seen and accepted them. */
const hostKeys = z.array(z.string().min(1).max(10_000)).max(20);

/** `POST /v1/projects`. */
export const projectCreation = z.strictObject({
  name: projectName,
  repository: settings.repository.default(null),
  allow_local_repository: settings.allow_local_repository.default(false),
  allow_inner_addresses: settings.allow_inner_addresses.default(false),
  branches: settings.branches.default([]),
  engines: settings.engines.default(null),
  default_engine: settings.default_engine.default(null),
  manifest_root: settings.manifest_root.default(null),
  quotas: quotas.default(NO_QUOTAS),
  retention_s: settings.retention_s.default(null),
  commit_status: settings.commit_status.default(null),
  variables: z.array(projectVariable).max(1000).default([]),
  git: gitAccess.default({ kind: 'none' }),
  host_keys: hostKeys.default([]),
});

/** `POST /v1/projects/:name`: what is absent stays as it is. */
export const projectUpdate = z.strictObject({
  repository: settings.repository.optional(),
  allow_local_repository: settings.allow_local_repository.optional(),
  allow_inner_addresses: settings.allow_inner_addresses.optional(),
  branches: settings.branches.optional(),
  engines: settings.engines.optional(),
  default_engine: settings.default_engine.optional(),
  manifest_root: settings.manifest_root.optional(),
  quotas: z
    .strictObject({
      running: quotas.shape.running.removeDefault().optional(),
      gpus: quotas.shape.gpus.removeDefault().optional(),
      stored_gb: quotas.shape.stored_gb.removeDefault().optional(),
    })
    .optional(),
  retention_s: settings.retention_s.optional(),
  commit_status: settings.commit_status.optional(),
  set_variables: z.array(projectVariable).max(1000).default([]),
  drop_variables: z.array(variableName).max(1000).default([]),
  git: gitAccess.optional(),
  host_keys: hostKeys.optional(),
});

/** A variable as it is told: of a sensitive one the value is null. */
const toldVariable = projectVariable.extend({
  scope: z.enum(SCOPES),
  sensitive: z.boolean(),
  value: z.string().nullable(),
});

export const projectDocument = z.object({
  name: z.string(),
  ...settings,
  variables: z.array(toldVariable),
  git: z.object({ kind: z.enum(['none', 'token', 'deploy_key']), public_key: z.string().nullable() }),
  /** Fingerprints of the keys that the repository's host is known by. */
  host_keys: z.array(z.string()),
  /** Where its files are: below `$AICHOR_HOME`, on the server's machine, or where the engine's settings say. */
  storage: z.object({ inputs: z.string(), outputs: z.string() }),
  created_at: time,
  created_by: z.string().nullable(),
  live_experiments: z.int(),
  /** What whoever set this should know. */
  notices: z.array(z.string()),
});

export const projectList = z.object({ projects: z.array(projectDocument) });

/** `POST /v1/projects/host-keys`: what a host of ssh says that it is. */
export const hostKeyQuery = z.strictObject({
  repository: z.string().min(1).max(4096),
  allow_inner_addresses: z.boolean().default(false),
});
export const hostKeyAnswer = z.object({
  host_keys: z.array(z.object({ line: z.string(), type: z.string(), fingerprint: z.string() })),
});

export type ProjectVariable = z.infer<typeof projectVariable>;
export type GitAccess = z.infer<typeof gitAccess>;
export type ProjectCreation = z.infer<typeof projectCreation>;
export type ProjectCreationInput = z.input<typeof projectCreation>;
export type ProjectUpdate = z.infer<typeof projectUpdate>;
export type ProjectUpdateInput = z.input<typeof projectUpdate>;
export type ProjectDocument = z.infer<typeof projectDocument>;
export type ProjectList = z.infer<typeof projectList>;
export type HostKeyQuery = z.infer<typeof hostKeyQuery>;
export type HostKeyQueryInput = z.input<typeof hostKeyQuery>;
export type HostKeyAnswer = z.infer<typeof hostKeyAnswer>;
