import { z } from 'zod';
import { experimentSummary, notice } from '../experiment/record.ts';
import { DIAGNOSTIC_CODE_NAMES } from '../manifest/codes.ts';
import { ENGINE_KIND_NAMES } from '../operators/engine-kinds.ts';

/** One engine as `engines list` prints it. */
export const engineSummary = z.object({
  name: z.string(),
  kind: z.enum(ENGINE_KIND_NAMES),
  default: z.boolean(),
  healthy: z.boolean(),
  capacity: z.object({
    cpus: z.number().nullable(),
    memory_gb: z.number().nullable(),
    gpus: z.number().nullable(),
    max_experiments: z.number().nullable(),
  }),
  in_use: z.object({ experiments: z.int(), cpus: z.number(), memory_gb: z.number(), gpus: z.number() }),
  message: z.string().nullable(),
});

export const engineList = z.object({
  engines: z.array(engineSummary),
  /** What is wrong with the list itself: the file that engines are kept in cannot be read. */
  notices: z.array(notice),
});

/** What an engine may be called: as the platform's own form for importing one takes it. */
export const engineName = z
  .string()
  .max(40)
  .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, 'lower case letters, digits and hyphens, beginning with a letter');

/**
 * The parts of a kubeconfig that one context needs, with everything in it: no paths, and no programs to run. A server
 * takes no more than that from others, because it would read and run them as its own user.
 */
export const flatCluster = z.strictObject({
  server: z.url({ protocol: /^https?$/ }),
  'certificate-authority-data': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': z.string().optional(),
  'proxy-url': z.string().optional(),
});
export const flatUser = z.strictObject({
  token: z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key-data': z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
});

const kubeContext = z.string().min(1).max(1000);
export const engineConnection = z.discriminatedUnion('kind', [
  /** A file of the server's machine, read whenever it is needed. */
  z.strictObject({ kind: z.literal('reference'), file: z.string().startsWith('/'), context: kubeContext }),
  /** Credentials that the server is to keep. */
  z.strictObject({
    kind: z.literal('stored'),
    context: kubeContext,
    cluster: flatCluster,
    user: flatUser,
  }),
  /** The service account of the pod that the server runs in. */
  z.strictObject({ kind: z.literal('in-cluster') }),
]);

/** `POST /v1/engines`. */
export const engineAddition = z.strictObject({
  name: engineName,
  connection: engineConnection,
  /** Null: that of the pod that the server runs in (`in-cluster`), else `default`. */
  namespace: z.string().min(1).max(63).nullable().default(null),
  /** What differs from the defaults; checked by its own schema, which says what was probably meant. */
  settings: z.record(z.string(), z.unknown()).default({}),
  /** Over an engine of this name that is there already. */
  replace: z.boolean().default(false),
  /** Refuse what cannot be reached. */
  check: z.boolean().default(true),
});

export const engineDocument = engineSummary.extend({
  /** How its cluster is reached; null: the embedded engine. */
  kubernetes: z
    .object({
      /** Address of the API server; null: what the kubeconfig says cannot be read. */
      server: z.string().nullable(),
      context: z.string().nullable(),
      namespace: z.string(),
      credentials: z.object({
        kind: z.enum(['reference', 'stored', 'in-cluster']),
        file: z.string().nullable(),
      }),
      /** Settings of the engine: all of them, defaults included. */
      settings: z.record(z.string(), z.unknown()),
    })
    .nullable(),
});

export const engineFinding = z.object({
  name: z.string(),
  status: z.enum(['ok', 'warning', 'error']),
  message: z.string(),
  hint: z.string().nullable(),
});

/** The answer to `POST /v1/engines`: the engine, and what was found there. */
export const engineAdded = z.object({ engine: engineDocument, checks: z.array(engineFinding) });

/** `GET /v1/engines/:name/queue`. */
export const engineQueueQuery = z.strictObject({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
});
/** Experiments that wait for an engine, in the order in which their turns come; what each waits for is its explanation. */
export const engineQueue = z.object({
  engine: z.string(),
  /** How many wait of those that the caller may see. */
  total: z.int(),
  waiting: z.array(
    z.object({
      /** From 1, counted among all that wait for the engine. */
      place: z.int(),
      experiment: experimentSummary,
    }),
  ),
});

/** `POST /v1/engines/:name/check`. */
export const engineCheck = z.object({
  engine: z.string(),
  ok: z.boolean(),
  checks: z.array(engineFinding),
});

/** `DELETE /v1/engines/:name`. */
export const engineRemoval = z.strictObject({
  /** Also while experiments live on it. */
  force: z.stringbool().default(false),
});

/** `POST /v1/engines/:name/fit`: a manifest, and what it is called in what is said about it. */
export const engineFitQuery = z.object({ manifest: z.string().max(1_000_000), file: z.string().max(4096) });
export const diagnostic = z.object({
  severity: z.enum(['error', 'warning']),
  code: z.enum(DIAGNOSTIC_CODE_NAMES),
  path: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
  file: z.string(),
  line: z.int(),
  column: z.int(),
  end_line: z.int(),
  end_column: z.int(),
});
export const engineFit = z.object({ diagnostics: z.array(diagnostic) });

export type EngineSummary = z.infer<typeof engineSummary>;
export type EngineList = z.infer<typeof engineList>;
export type EngineQueue = z.infer<typeof engineQueue>;
export type EngineQueueQuery = z.infer<typeof engineQueueQuery>;
export type EngineFit = z.infer<typeof engineFit>;
export type EngineConnection = z.infer<typeof engineConnection>;
export type EngineAddition = z.infer<typeof engineAddition>;
export type EngineAdditionInput = z.input<typeof engineAddition>;
export type EngineDocument = z.infer<typeof engineDocument>;
export type EngineAdded = z.infer<typeof engineAdded>;
export type EngineCheck = z.infer<typeof engineCheck>;
export type EngineCheckLine = z.infer<typeof engineFinding>;
