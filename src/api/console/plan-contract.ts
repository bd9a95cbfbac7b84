import { z } from 'zod';
import { diagnostic } from '../engine-contract.ts';
import { OPERATOR_NAMES } from '../../operators/table.ts';

/** `GET /v1/experiments/:ref/plan`: what the manifest was made into. */

const plannedVariable = z.object({
  name: z.string(),
  /** Who said that it exists. */
  origin: z.enum(['operator', 'aichor', 'vcs', 'project', 'spec.env', 'submission', 'secret']),
  /** Where its value comes from: `literal`, `pod-field`, … */
  source: z.string(),
  /** What it is, or is made of (`field`, `host`); null for a secret. */
  value: z.string().nullable(),
});

const plannedGroup = z.object({
  name: z.string(),
  role: z.string(),
  pods: z.int(),
  replicas: z.int(),
  completions: z.int(),
  parallelism: z.int(),
  /** Of one pod. */
  cpus: z.number(),
  memory_gb: z.number(),
  gpus: z.int(),
  gpu_product: z.string().nullable(),
  /** In order: later ones may refer to earlier ones. */
  env: z.array(plannedVariable),
});

export const experimentPlan = z.object({
  operator: z.enum(OPERATOR_NAMES),
  command: z.string(),
  image: z.string(),
  coordinator_pod: z.string().nullable(),
  coordinator_port: z.int().nullable(),
  timeout_s: z.number().nullable(),
  backoff_limit: z.int(),
  groups: z.array(plannedGroup),
});

/** `GET /v1/experiments/:ref/manifest/findings`: what is wrong with the manifest that ran, or deprecated, and where. */
export const manifestFindings = z.object({ diagnostics: z.array(diagnostic) });

export type ManifestFindings = z.infer<typeof manifestFindings>;
export type ExperimentPlan = z.infer<typeof experimentPlan>;
